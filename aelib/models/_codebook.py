"""A table of code vectors that follows what is sent to it: nearest entry, moving averages, start and restarts."""

import torch
from torch import Tensor, nn

BLOCK = 4_000_000  # numbers in one table of distances: cells are looked up in blocks, 16 MB each
ROUNDS = 10  # of k-means; what is left to gain is found by the moving averages
UNUSED = 1e-8  # share of use below which a moving average says nothing more


class Codebook(nn.Module):
    """Code vectors, moved without gradients.

    With n_k the number of a batch's cells z that go to vector k, and m their number over all k (van den Oord et al.
    2017, Neural discrete representation learning, appendix A.1):

        use_k  <- decay use_k  + (1 - decay) n_k / m
        sums_k <- decay sums_k + (1 - decay) (sum of those z) / m
        vectors_k = sums_k / use_k

    The paper has n_k in place of n_k / m, which is the same as long as all batches are alike; shares put the start
    and a short last batch on one scale.

    Attributes:
        vectors: (size, numbers) buffer.
        use: (size,) buffer, each vector's share of the cells; 1 / size is the average.
        sums: (size, numbers) buffer.
        idle: int64 (size,) buffer, how many cells have come since one went to each vector.
    """

    vectors: Tensor
    use: Tensor
    sums: Tensor
    idle: Tensor

    def __init__(self, size: int, numbers: int) -> None:
        super().__init__()
        self.size = size
        vectors = torch.randn(size, numbers)
        self.register_buffer("vectors", vectors)
        self.register_buffer("use", torch.full((size,), 1 / size))
        self.register_buffer("sums", vectors / size)
        self.register_buffer("idle", torch.zeros(size, dtype=torch.int64))

    def nearest(self, cells: Tensor) -> Tensor:
        """Row of the nearest vector, by Euclidean distance: (m, numbers) -> int64 (m,)."""
        return nearest_rows(cells.detach(), self.vectors)

    @torch.no_grad()
    def start(self, cells: Tensor, generator: torch.Generator) -> None:
        """Put the vectors at the centres of k-means of these cells (m, numbers)."""
        vectors = cluster_centres(cells, self.size, generator)
        counts, _ = gathered(cells, nearest_rows(cells, vectors), self.size)
        self.vectors.copy_(vectors)
        self.use.copy_((counts / len(cells)).clamp_min(1 / self.size))
        self.sums.copy_(self.vectors * self.use[:, None])
        self.idle.zero_()

    @torch.no_grad()
    def follow(self, cells: Tensor, rows: Tensor, decay: float) -> None:
        """One step of the moving averages, for cells (m, numbers) that went to ``rows`` (m,)."""
        counts, sums = gathered(cells, rows, self.size)
        self.idle.copy_(torch.where(counts > 0, 0, self.idle + len(cells)))
        self.use.mul_(decay).add_(counts / len(cells), alpha=1 - decay)
        self.sums.mul_(decay).add_(sums / len(cells), alpha=1 - decay)
        moved = self.sums / self.use.clamp_min(UNUSED)[:, None]
        self.vectors.copy_(torch.where(self.use[:, None] > UNUSED, moved, self.vectors))

    @torch.no_grad()
    def restart(self, cells: Tensor, rows: Tensor, patience: float, generator: torch.Generator) -> int:
        """Put dead vectors on cells, and say how many. Dead is one to which none of ``patience`` x size cells went.

        So long it would have been chosen ``patience`` times on average; a vector with a share s of the average use
        meets such a gap by chance with probability exp(-patience s).

        Cells are drawn by their squared distance from the vector they have now, as in the start of k-means: places
        that are served already (the blank corner, met a thousand times) draw no further vectors.

        Args:
            cells: (m, numbers).
            rows: (m,), where they went.
            patience: See above.
            generator: On the cells' device.
        """
        dead = torch.nonzero(self.idle > patience * self.size).flatten()
        chances = (cells - self.vectors[rows]).square().sum(1)
        count = min(len(dead), int((chances > 0).sum()))
        if count:
            chosen = torch.multinomial(chances, count, generator=generator)
            self.vectors[dead[:count]] = cells[chosen]
            self.use[dead[:count]] = 1 / self.size
            self.sums[dead[:count]] = cells[chosen] / self.size
            self.idle[dead[:count]] = 0
        return count


def nearest_rows(cells: Tensor, vectors: Tensor) -> Tensor:
    """Row of the nearest of ``vectors`` (size, numbers) for each of ``cells`` (m, numbers): int64 (m,)."""
    centre = vectors.mean(0)  # far from the origin, squares would swallow the differences that rank
    vectors, squares = vectors - centre, (vectors - centre).square().sum(1)
    blocks = (cells - centre).split(max(1, BLOCK // len(vectors)))
    return torch.cat([(squares - 2 * block @ vectors.T).argmin(1) for block in blocks])


def gathered(cells: Tensor, rows: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """How many cells went to each row (size,), and their sums (size, numbers).

    By matrix products: adding at indices has no fixed order on a GPU, and the last bits would differ from run to run.
    """
    counts = torch.zeros(size, device=cells.device)
    sums = torch.zeros(size, cells.shape[1], device=cells.device)
    step = max(1, BLOCK // size)
    for block, own in zip(cells.split(step), rows.split(step), strict=True):
        chosen = (own[:, None] == torch.arange(size, device=cells.device)).to(cells.dtype)
        counts += chosen.sum(0)
        sums += chosen.T @ block
    return counts, sums


def cluster_centres(cells: Tensor, size: int, generator: torch.Generator) -> Tensor:
    """Centres of ``size`` clusters by k-means (Lloyd 1982; start by k-means++, Arthur and Vassilvitskii 2007).

    Where there are fewer different cells than clusters, the rest are cells with normal noise of the cells' own spread.

    Args:
        cells: (m, numbers), at least one.
        size: Number of clusters.
        generator: On the cells' device.

    Returns:
        (size, numbers).
    """
    centres = _apart(cells, size, generator)
    missing = size - len(centres)
    if missing:
        drawn = torch.randint(len(cells), (missing,), generator=generator, device=cells.device)
        noise = torch.randn(missing, cells.shape[1], generator=generator, device=cells.device)
        spread = cells.std(0, correction=0)
        return torch.cat([centres, cells[drawn] + noise * torch.where(spread > 0, spread, 1.0)])
    for _ in range(ROUNDS):
        counts, sums = gathered(cells, nearest_rows(cells, centres), size)
        centres = torch.where(counts[:, None] > 0, sums / counts.clamp_min(1)[:, None], centres)
    return centres


def _apart(cells: Tensor, size: int, generator: torch.Generator) -> Tensor:
    """At most ``size`` different cells, each drawn by its squared distance from those drawn before."""
    rows = torch.randint(len(cells), (1,), generator=generator, device=cells.device)
    distances = (cells - cells[rows]).square().sum(1)
    while len(rows) < size and bool(distances.any()):
        row = torch.multinomial(distances, 1, generator=generator)
        rows = torch.cat([rows, row])
        distances = torch.minimum(distances, (cells - cells[row]).square().sum(1))
    return cells[rows]
