"""A tiny server for trying the map without Streamlit: the page, the component's modules and made-up arrays.

python tests/js/harness/serve.py 8123      then open http://127.0.0.1:8123/?n=1797&theme=dark
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import numpy as np

HERE = Path(__file__).resolve().parent
MODULES = HERE.parents[2] / "ui" / "components"
OKABE_ITO = [
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#F0E442",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
    "#999999",
    "#8C6D31",
    "#6A51A3",
]
VIRIDIS = ["#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"]
CHUNK = 256


@lru_cache(maxsize=4)
def made(n: int) -> dict[str, np.ndarray]:
    """Ten bent clusters with strays, a label each, an error that grows to their rims; row 3 has no place."""
    rng = np.random.default_rng(7)
    labels = rng.integers(0, 10, n)
    middles = rng.uniform(-9, 9, (10, 2))
    bends = rng.uniform(0, 6.28, 10)
    along = rng.normal(0, 1, n)
    wide = rng.normal(0, 0.45, n)
    angle = bends[labels] + 0.5 * along
    points = middles[labels] + np.stack(
        [along * np.cos(angle) - wide * np.sin(angle), along * np.sin(angle) + wide * np.cos(angle)], 1
    )
    strays = rng.random(n) < 0.02
    points[strays] = middles[rng.integers(0, 10, strays.sum())] + rng.normal(0, 0.7, (strays.sum(), 2))
    error = np.abs(along) * 2 + np.abs(wide) * 3 + rng.gamma(2, 0.5, n)
    labels[rng.random(n) < 0.01] = -1
    if n > 10:
        points[3] = np.nan
        error[5] = np.nan
    return {
        "points": points.astype("<f4"),
        "items": np.arange(n, dtype="<i4") * 3 + 5,
        "labels": labels.astype("<i4"),
        "error": error.astype("<f4"),
        "kl": rng.gamma(9, 3, n).astype("<f4"),
    }


@lru_cache(maxsize=1)
def digits() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    data = load_digits()
    return (data.images * 15.9375).astype(np.uint8), data.target


def picture(label: int, row: int, side: int) -> np.ndarray:
    images, targets = digits()
    of_class = np.flatnonzero(targets == max(label, 0))
    small = images[of_class[row % len(of_class)]]
    return small if side == 8 else np.pad(np.kron(small, np.ones((3, 3), np.uint8)), 2)


class Handler(BaseHTTPRequestHandler):
    """GET the page, modules and arrays; POST a decode."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url = urlparse(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        n = int(query.get("n", 1797))
        name = url.path.strip("/")
        if name == "":
            self.answer((HERE / "index.html").read_bytes(), "text/html")
        elif name.startswith("components/") and (MODULES / Path(name).name).is_file():
            kind = "text/css" if name.endswith(".css") else "text/javascript"
            self.answer((MODULES / Path(name).name).read_bytes(), kind)
        elif name == "api/data":
            self.answer(json.dumps(self.data(n, query.get("colour", "class"))).encode(), "application/json")
        elif name.startswith("api/pictures/"):
            chunk, side = int(name.rsplit("/", 1)[1]), int(query["side"])
            rows = range(chunk * CHUNK, min(n, (chunk + 1) * CHUNK))
            labels = made(n)["labels"]
            self.answer(b"".join(picture(labels[row], row, side).tobytes() for row in rows))
        elif name.startswith("api/") and name[4:] in made(n):
            self.answer(made(n)[name[4:]].tobytes())
        else:
            self.answer(b"not found", "text/plain", 404)

    def data(self, n: int, colour: str) -> dict[str, object]:
        side = 8 if n <= 5000 else 28
        colours = {
            "class": {"name": "class", "kind": "class", "url": f"api/labels?n={n}", "palette": OKABE_ITO},
            "error": {
                "name": "reconstruction error", "kind": "quantity", "url": f"api/error?n={n}", "low": 0.2,
                "high": 9.3, "palette": VIRIDIS, "unit": "squared error",
            },
        }  # fmt: skip
        return {
            "id": f"{n}-{colour}",
            "height": 620,
            "points": {"url": f"api/points?n={n}", "count": n},
            "items": {"url": f"api/items?n={n}"},
            "labels": {"url": f"api/labels?n={n}", "classes": [str(each) for each in range(10)]},
            "colour": colours[colour],
            "figures": [{"name": "error", "url": f"api/error?n={n}"}, {"name": "KL", "url": f"api/kl?n={n}"}],
            "thumbnails": {
                "url": f"api/pictures/{{chunk}}?n={n}&side={side}",
                "chunk": CHUNK,
                "shape": [side, side, 1],
            },
            "decode": {"url": "api/decode", "map": "m"},
            "selection": None,
            "picked": None,
            "camera": None,
            "marks": [],
        }

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        x, y = body["points"][0]
        pixels = picture(int(abs(x)) % 10, int(abs(y) * 10), 28)
        time.sleep(0.004)
        meta = {"shape": [1, 28, 28, 1], "support": [float(np.exp(-abs(x) / 6))], "nearest": [[1, 2, 3]]}
        self.answer(pixels.tobytes(), headers={"X-Loupe": json.dumps(meta)})

    def answer(
        self, body: bytes, kind: str = "application/octet-stream", status: int = 200, headers: dict | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the page went on without it
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8123), Handler).serve_forever()
