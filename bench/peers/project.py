"""One peer's layout of codes, as a user of the library would write it: ``python -m bench.peers.project PEER IN OUT``.

Ends with one line of JSON: seconds from the start of the process to the first layout (its import with it), and of a
second fit in the same process. The first layout is written to OUT.
"""

import json
import sys
import time

BEGAN = time.perf_counter()

import numpy as np  # noqa: E402


def fitter(peer: str):
    """A function codes -> points with the peer's own defaults."""
    if peer == "umap-learn":
        from umap import UMAP

        return lambda codes: UMAP().fit_transform(codes)
    if peer == "openTSNE":
        from openTSNE import TSNE  # pyright: ignore[reportMissingImports]

        return lambda codes: np.asarray(TSNE().fit(codes))
    from pacmap import PaCMAP  # pyright: ignore[reportMissingImports]

    return lambda codes: PaCMAP().fit_transform(codes)


def main(peer: str, source: str, target: str) -> None:
    """Fit twice, keep the first."""
    codes = np.load(source, allow_pickle=False)
    fit = fitter(peer)
    points = fit(codes)
    first = time.perf_counter() - BEGAN
    began = time.perf_counter()
    fit(codes)
    second = time.perf_counter() - began
    np.save(target, np.asarray(points, np.float32), allow_pickle=False)
    print(json.dumps({"cold": first, "warm": second}))


if __name__ == "__main__":
    main(*sys.argv[1:])
