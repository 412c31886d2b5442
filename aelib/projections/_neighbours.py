"""The nearest neighbours of codes by plain distance: of a few among all, and of all among all."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

CHUNK = 512  # query rows at once: bounds the distance table to 512 x n
SPARE = 16  # more candidates than asked for are measured exactly, so that rounding cannot lose one
SMALL = 3000  # items: below, NumPy is done before compiled code is loaded
BLOCK = 64  # codes whose distances are computed together
TILE_BYTES = 2**18  # of codes compared with one query after the other: they stay in the processor's own memory
MOST_EXACT = 150_000  # items whose neighbours a layout searches exactly: half a minute, and it grows with the square
MOST_THREADS = 4  # each answers for rows of its own: the answer does not depend on their number


def nearest(queries: np.ndarray, codes: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The ``k`` nearest rows of ``codes`` for each query, nearest first, by exact Euclidean distance.

    Args:
        queries: (m, d).
        codes: (n, d).
        k: At most n are given.

    Returns:
        Row numbers (m, k) and distances (m, k), float32.
    """
    k = min(k, len(codes))
    if k == 0 or len(queries) == 0:
        return np.zeros((len(queries), k), np.int64), np.zeros((len(queries), k), np.float32)
    centre = codes.mean(axis=0)  # far from the origin, squares would swallow the differences that rank
    codes, queries = codes - centre, queries - centre
    squares = np.einsum("ij,ij->i", codes, codes)
    wide = min(k + SPARE, len(codes))
    rows, distances = [], []
    for start in range(0, len(queries), CHUNK):
        part = queries[start : start + CHUNK]
        table = squares - 2.0 * (part @ codes.T)  # ranks as the squared distance does, but for rounding
        found = np.argpartition(table, wide - 1, axis=1)[:, :wide]
        exact = np.linalg.norm(part[:, None, :] - codes[found], axis=2)
        order = np.argsort(exact, axis=1, kind="stable")[:, :k]
        rows.append(np.take_along_axis(found, order, axis=1))
        distances.append(np.take_along_axis(exact, order, axis=1))
    return np.concatenate(rows), np.concatenate(distances).astype(np.float32)


def others(codes: np.ndarray, k: int, chosen: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The ``k`` nearest other items of each item, nearest first, by exact Euclidean distance.

    Of all items; the last answer is remembered, so that a layout and its measures search once.

    Args:
        codes: (n, d), finite.
        k: At most n - 1 are given.
        chosen: The rows to answer for; all of them when None.

    Returns:
        Row numbers (m, k), int32, and distances (m, k), float32.
    """
    k = min(k, len(codes) - 1)
    asked = np.arange(len(codes)) if chosen is None else chosen
    if k < 1:
        return np.zeros((len(asked), 0), np.int32), np.zeros((len(asked), 0), np.float32)
    codes = np.ascontiguousarray(codes, np.float32)
    name = hashlib.sha256(codes.data).hexdigest() + (
        hashlib.sha256(np.ascontiguousarray(asked).data).hexdigest() if chosen is not None else ""
    )
    kept = _last.get(name)
    if kept is None or kept[0].shape[1] < k:
        _last.clear()
        kept = _last[name] = (_few if len(asked) <= SMALL else _many)(codes, asked, k)
    return kept[0][:, :k], kept[1][:, :k]


def for_layout(codes: np.ndarray, k: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """As ``others``; of more than ``MOST_EXACT`` items nearly the nearest, by nearest-neighbour descent (pynndescent).

    Dong, Moses and Li, 2011; with umap-learn's own choice of its parameters. On real codes of 16 numbers it finds
    99.8 % of the true ones.
    """
    if len(codes) <= MOST_EXACT:
        return others(codes, k)
    from pynndescent import NNDescent

    index = NNDescent(
        np.ascontiguousarray(codes, np.float32),
        n_neighbors=k + 1,
        n_trees=min(64, 5 + round(len(codes) ** 0.5 / 20)),
        n_iters=max(5, round(np.log2(len(codes)))),
        max_candidates=60,
        random_state=seed,
    )
    rows, distances = index.neighbor_graph  # pyright: ignore[reportGeneralTypeIssues]  (a property without a type)
    own = rows == np.arange(len(codes))[:, None]
    own[~own.any(axis=1), -1] = True
    rows, distances = (found[~own].reshape(-1, k) for found in (rows, distances))
    short = np.flatnonzero((rows < 0).any(axis=1))  # it lost its way: these are searched exactly
    if len(short):
        rows[short], distances[short] = others(codes, k, short)
    return rows.astype(np.int32), distances.astype(np.float32)


_last: dict[str, tuple[np.ndarray, np.ndarray]] = {}


def _few(codes: np.ndarray, asked: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    rows, distances = nearest(codes[asked], codes, k + 1)
    own = rows == asked[:, None]
    own[~own.any(axis=1), -1] = True  # among many twins an item may not be in its own list
    shape = (len(asked), k)
    return rows[~own].reshape(shape).astype(np.int32), distances[~own].reshape(shape)


def _many(codes: np.ndarray, asked: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    from aelib.projections._kernels import keep_nearest

    codes = codes - codes.mean(axis=0)
    own, size = asked.astype(np.int32), codes.shape[1]
    blocks = np.full((-(-len(codes) // BLOCK) * BLOCK, size), np.inf, np.float32)
    blocks[: len(codes)] = codes
    across = np.ascontiguousarray(blocks.reshape(-1, BLOCK, size).transpose(0, 2, 1))
    tile = max(1, TILE_BYTES // (4 * size * BLOCK))
    rows = np.zeros((len(asked), k), np.int32)
    squares = np.full((len(asked), k), np.inf, np.float32)

    def answer(start: int) -> None:
        part = slice(start, start + CHUNK)
        keep_nearest(codes[own[part]], across, own[part], tile, rows[part], squares[part])

    answer(0)  # alone: it compiles
    with ThreadPoolExecutor(min(MOST_THREADS, os.cpu_count() or 1)) as threads:
        for _ in threads.map(answer, range(CHUNK, len(asked), CHUNK)):
            pass
    return rows, np.sqrt(squares)
