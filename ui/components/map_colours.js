// Colours as the pixel buffer holds them: one 32-bit number, little-endian RGBA.

/**
 * "#E69F00" -> an opaque pixel.
 * @param {string} hex three or six digits
 * @returns {number} unsigned 32 bit
 */
export function pixelOf(hex) {
  const digits = hex.replace("#", "");
  const six = digits.length === 3 ? [...digits].map((digit) => digit + digit).join("") : digits.slice(0, 6);
  const value = parseInt(six, 16);
  if (six.length !== 6 || Number.isNaN(value)) throw new RangeError(`'${hex}' is not a colour like #E69F00`);
  return pixel((value >> 16) & 255, (value >> 8) & 255, value & 255);
}

/** An opaque pixel from red, green and blue, 0 to 255. */
export function pixel(red, green, blue) {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/** "rgb(r g b)" of a pixel, for the canvas and for CSS. */
export function cssOf(value) {
  return `rgb(${value & 255} ${(value >> 8) & 255} ${(value >> 16) & 255})`;
}

/** The opaque pixel a part `t` (0 to 1) of the way from one to another. */
export function mixed(from, to, t) {
  const part = (shift) => {
    const a = (from >> shift) & 255;
    return Math.round(a + (((to >> shift) & 255) - a) * t);
  };
  return pixel(part(0), part(8), part(16));
}

/**
 * One pixel per row from class numbers.
 * @param {Int32Array} codes -1 or beyond the palette: missing
 * @param {string[]} palette
 * @param {number} missing pixel
 * @param {number} count of classes; more than the palette has colours: they come round again
 * @returns {Uint32Array}
 */
export function coloursOfClasses(codes, palette, missing, count = palette.length) {
  const table = palette.map(pixelOf);
  const out = new Uint32Array(codes.length);
  for (let row = 0; row < codes.length; row += 1) {
    const code = codes[row];
    out[row] = code >= 0 && code < count ? table[code % table.length] : missing;
  }
  return out;
}

/**
 * One pixel per row from a quantity, spread evenly over the palette between low and high.
 * @param {Float32Array} values NaN: missing; beyond low and high: the palette's ends
 * @returns {Uint32Array}
 */
export function coloursOfQuantity(values, low, high, palette, missing) {
  const table = palette.map(pixelOf);
  const out = new Uint32Array(values.length);
  for (let row = 0; row < values.length; row += 1) {
    const t = shareOf(values[row], low, high);
    out[row] = Number.isNaN(t) ? missing : table[Math.min(table.length - 1, Math.floor(t * table.length))];
  }
  return out;
}

/** Where a value stands between low and high, 0 to 1; one half when they are the same; NaN for NaN. */
export function shareOf(value, low, high) {
  if (Number.isNaN(value)) return NaN;
  if (!(high > low)) return 0.5;
  return Math.min(1, Math.max(0, (value - low) / (high - low)));
}

/**
 * The theme's colours as pixels, read where Streamlit puts them.
 * @param {Element} element inside the component
 * @returns {{ground: number, text: number, accent: number, missing: number, faded: number, key: string}}
 */
export function themeOf(element) {
  const style = getComputedStyle(element);
  const read = (name, otherwise) => {
    const value = style.getPropertyValue(name).trim();
    return value && value !== "unset" ? value : otherwise;
  };
  const named = [
    read("--st-background-color", "#ffffff"),
    read("--st-text-color", "#1b1e23"),
    read("--st-primary-color", "#b7791f"),
  ];
  const [ground, text, accent] = named.map(pixelOfCss);
  const dark = luminance(ground) < 0.5;
  return {
    ground,
    text,
    accent,
    missing: mixed(ground, text, dark ? 0.5 : 0.42),
    faded: mixed(ground, text, dark ? 0.27 : 0.2),
    dark,
    key: named.join("|"),
  };
}

/** Perceived lightness of a pixel, 0 to 1 (Rec. 709 weights, no gamma: enough to tell dark from light). */
function luminance(value) {
  return (0.2126 * (value & 255) + 0.7152 * ((value >> 8) & 255) + 0.0722 * ((value >> 16) & 255)) / 255;
}

/** Any CSS colour as a pixel: the browser paints it and we look. */
function pixelOfCss(colour) {
  if (/^#([0-9a-f]{3}|[0-9a-f]{6})$/i.test(colour)) return pixelOf(colour);
  const canvas = document.createElement("canvas");
  canvas.width = 1;
  canvas.height = 1;
  const context = canvas.getContext("2d");
  if (!context) return pixel(128, 128, 128); // no canvas at all: the map says so itself
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
  return pixel(red, green, blue);
}
