"""Roads: the shortest ways from item to item in the graph that joins each code to its nearest ones."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aelib.errors import AelibError
from aelib.latent.neighbours import nearest, others
from aelib.latent.paths import evenly

if TYPE_CHECKING:
    from scipy.sparse import csr_array

NEIGHBOURS = 8  # that each item is joined to; the roads between are open in both directions
MOST_ITEMS = 20_000  # of larger data this many, evenly taken, make the graph
LEAST = 1e-12  # length of a road between codes that are alike: a zero would be no road at all


class Road(NamedTuple):
    """A road from A to B.

    Attributes:
        codes: float32 (m, d), A first and B last, the items between them in their order.
        rows: (m - 2,), the items, as rows of the data's codes.
        length: Sum of the distances between successive codes.
    """

    codes: np.ndarray
    rows: np.ndarray
    length: float

    def steps(self, count: int) -> np.ndarray:
        """Codes (count, d) at equal distances along the road; between items they are blends of the two."""
        return evenly(self.codes, count)


@dataclass(frozen=True)
class Roads:
    """The graph over a run's codes.

    Attributes:
        codes: float32 (n, d), of the items in the graph.
        rows: (n,), their rows in the data.
        graph: (n, n), the lengths of the roads between neighbours.
        is_sample: Whether the data have more items than the graph.
    """

    codes: np.ndarray
    rows: np.ndarray
    graph: "csr_array"
    is_sample: bool

    @classmethod
    def of(cls, codes: np.ndarray, neighbours: int = NEIGHBOURS, most: int = MOST_ITEMS) -> "Roads":
        """Join each of at most ``most`` evenly taken items to its nearest others, by distance in the code space.

        Source of the graph and its shortest ways: Tenenbaum, de Silva and Langford, "A global geometric framework for
        nonlinear dimensionality reduction", Science 290, 2000 (Isomap, steps 1 and 2).
        """
        from scipy.sparse import csr_array

        codes = np.asarray(codes, np.float32)
        rows = np.unique(np.linspace(0, max(len(codes) - 1, 0), min(len(codes), most)).astype(int))[: len(codes)]
        own = codes[rows]
        found, distances = others(own, neighbours)
        begin = np.arange(0, found.size + 1, max(found.shape[1], 1)) if found.size else np.zeros(len(own) + 1, int)
        lengths = np.maximum(distances.astype(np.float64), LEAST).ravel()
        graph = csr_array((lengths, found.ravel(), begin), shape=(len(own), len(own)))
        return cls(own, rows, csr_array(graph.maximum(graph.T)), len(rows) < len(codes))

    def between(self, start: np.ndarray, end: np.ndarray, neighbours: int = NEIGHBOURS) -> Road:
        """The shortest road; A and B are joined to their nearest items, and to each other where they are as near.

        Args:
            start: (d,), A.
            end: (d,), B.
            neighbours: Items that A and B are joined to.

        Raises:
            AelibError: ``E_NO_ROAD`` where A and B lie in parts of the data that no road joins.
        """
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import dijkstra

        ends = np.stack([start, end]).astype(np.float32)
        near, distances = nearest(ends, self.codes, neighbours)
        straight = float(np.linalg.norm(ends[0] - ends[1]))
        if not near.size or straight <= distances[:, -1].max():
            return Road(ends, np.zeros(0, int), straight)
        count, graph = len(self.codes), self.graph
        joined = csr_array(  # A is one more node, from which roads lead into the graph
            (
                np.concatenate([graph.data, np.maximum(distances[0].astype(np.float64), LEAST)]),
                np.concatenate([graph.indices, near[0].astype(graph.indices.dtype)]),
                np.append(graph.indptr, graph.indptr[-1] + near.shape[1]),
            ),
            shape=(count + 1, count + 1),
        )
        far, before = dijkstra(joined, indices=count, return_predecessors=True)
        total = far[near[1]] + distances[1]
        last = int(near[1][np.argmin(total)])
        if not np.isfinite(total.min()):
            raise AelibError(
                "E_NO_ROAD",
                "No road leads from A to B",
                f"in the graph that joins each item to its {neighbours} nearest they lie in parts that nothing joins",
                "Take ends that lie nearer to each other",
            )
        way = [last]
        while before[way[-1]] != count:
            way.append(int(before[way[-1]]))
        items = np.asarray(way[::-1])
        return Road(np.concatenate([ends[:1], self.codes[items], ends[1:]]), self.rows[items], float(total.min()))
