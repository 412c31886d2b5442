// Arrows of the round trip: from each code to the code of its decoded item.

const HEAD = 5; // CSS pixels
const SHORT = 3; // CSS pixels under which an arrow is a dot: the code stays where it is

/**
 * Draw the arrows.
 * @param {object} area from Sheets
 * @param {{from: number[][], to: number[][]}} about data units
 * @param {{text: string, ground: string}} theme CSS colours
 */
export function drawArrows(area, about, theme) {
  const { context } = area;
  const shafts = new Path2D();
  const heads = new Path2D();
  about.from.forEach((start, at) => {
    const [left, top] = area.place(...start);
    const [toLeft, toTop] = area.place(...about.to[at]);
    const long = Math.hypot(toLeft - left, toTop - top);
    if (!(long >= SHORT)) {
      heads.moveTo(left + 1.6, top);
      heads.arc(left, top, 1.6, 0, 2 * Math.PI);
      return;
    }
    shafts.moveTo(left, top);
    shafts.lineTo(toLeft, toTop);
    const head = Math.min(HEAD, 0.6 * long) / long;
    const [dx, dy] = [(toLeft - left) * head, (toTop - top) * head];
    heads.moveTo(toLeft, toTop);
    heads.lineTo(toLeft - dx - 0.5 * dy, toTop - dy + 0.5 * dx);
    heads.lineTo(toLeft - dx + 0.5 * dy, toTop - dy - 0.5 * dx);
    heads.closePath();
  });
  for (const [colour, more] of [[theme.ground, 2.4], [theme.text, 0]]) {
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = 1.1 + more;
    context.stroke(shafts);
    if (more) context.stroke(heads);
    else context.fill(heads);
  }
}
