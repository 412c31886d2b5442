"""Geodesics: the way from A to B along which the decoded picture changes least."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from aelib.errors import AelibError
from aelib.latent.paths import evenly, line

if TYPE_CHECKING:
    import torch

NODES = 25  # of the curve while it is searched for
WAVES = 8  # sines that bend it
COARSE = 2  # every second node stands for all at first
COARSE_ROUNDS = 3  # at most
ROUNDS = 6  # at most, with the coarse ones
STEPS = 12  # of the optimiser, in each round
SETTLED = 1e-3  # share of the energy that a round must gain, else the search is over

Decode = Callable[["torch.Tensor"], "torch.Tensor"]


class Search:
    """A search that goes on round by round, so that it can be shown while it runs.

    The curve is the line from A to B plus sines that vanish at both ends, z(t) = line(t) + sum_k a_k sin(k pi t) / k.
    What gets smaller is the energy of the decoded curve, E = (n - 1) sum_i |f(z_i+1) - f(z_i)|^2, whose least gives
    the shortest curve in picture space, walked at even speed. It begins twice, at the line and at the road through the
    data, with half of the nodes; what has become shorter goes on with all of them. The shortest of what was found
    wins, and the line itself where nothing is shorter.
    Source: Shao, Kumar and Fletcher, "The Riemannian geometry of deep generative models", 2018, section 3.1;
    Arvanitidis, Hansen and Hauberg, "Latent space oddity", 2018, section 2.
    """

    def __init__(self, decode: Decode, start: np.ndarray, end: np.ndarray, road: np.ndarray | None = None) -> None:
        """Begin.

        Args:
            decode: Pictures (n, ...) of codes (n, d); autograd goes through it.
            start: (d,), A.
            end: (d,), B.
            road: (m, d), from A to B through the data, where there is one.

        Raises:
            AelibError: ``E_ABILITY`` where the decoder has no slope that could be followed.
        """
        import torch

        self.decode, self.start, self.end = decode, start.astype(np.float32), end.astype(np.float32)
        self.rounds, self._every = 0, COARSE
        times = torch.linspace(0, 1, NODES)
        self._line = torch.from_numpy(line(self.start, self.end, NODES))
        waves = torch.arange(1, WAVES + 1)
        self._scale = max(float(np.linalg.norm(self.end - self.start)), 1e-12)
        self._sines = torch.sin(torch.pi * times[:, None] * waves) / waves * self._scale
        begin = [torch.zeros(WAVES, len(self.start))]
        if road is not None and len(road) > 2:
            off = torch.from_numpy(evenly(road, NODES)) - self._line
            begin.append(torch.linalg.lstsq(self._sines[1:-1], off[1:-1]).solution)
        self._bends = [bend.numpy().astype(np.float64) for bend in begin]
        with torch.enable_grad():
            energy = self._energy(begin[0].requires_grad_(), 1)
        if not energy.requires_grad:
            raise AelibError(
                "E_ABILITY", "There is no geodesic here", "this decoder has no slope that could be followed"
            )
        self._unit = float(energy.detach())
        self._energies = [np.inf] * len(self._bends)
        self._settled = [not 0 < self._unit < np.inf] * len(self._bends)

    @property
    def share(self) -> float:
        """How much of the search is over, 0 to 1."""
        return 1.0 if all(self._settled) else self.rounds / ROUNDS

    def go_on(self) -> None:
        """One round: at most ``STEPS`` steps of L-BFGS for each bend that has not settled."""
        from scipy.optimize import minimize  # torch's own would load a compiler first: seconds

        self.rounds += 1
        for number, bend in enumerate(self._bends):
            if self._settled[number]:
                continue
            options = {"maxiter": STEPS, "maxfun": 2 * STEPS, "maxcor": 20}
            found = minimize(self._slope, bend.ravel(), jac=True, method="L-BFGS-B", options=options)
            if found.fun <= self._energies[number]:  # false for NaN, too: then the bend stays
                self._bends[number] = found.x.reshape(bend.shape)
            gained = self._energies[number] - found.fun
            self._settled[number] = not gained > SETTLED * found.fun or self.rounds >= ROUNDS
            self._energies[number] = min(self._energies[number], float(found.fun))
        if self._every > 1 and (all(self._settled) or self.rounds >= COARSE_ROUNDS):
            best = int(np.argmin(self._energies))
            self._every = 1
            self._energies[best] = self._slope(self._bends[best])[0]  # what the next round has to gain on
            self._settled = [number != best for number in range(len(self._bends))]

    def path(self, steps: int) -> np.ndarray:
        """The best way as it stands: codes (steps, d) between which the picture changes evenly, float32."""
        import torch

        with torch.no_grad():
            curves = [self._line] + [self._curve(torch.from_numpy(bend).float()) for bend in self._bends]
            ways = [self._way(curve) for curve in curves]
            best = int(np.argmin([way[-1] for way in ways]))  # the first of equals: the line
            codes, way = curves[best].numpy().astype(np.float64), ways[best]
        if not way[-1] > 0:
            return line(self.start, self.end, steps)
        places = np.linspace(0, way[-1], steps)
        found = np.stack([np.interp(places, way, column) for column in codes.T], axis=1).astype(np.float32)
        found[0], found[-1] = self.start, self.end
        return found

    def _curve(self, bend: "torch.Tensor", every: int = 1) -> "torch.Tensor":
        return self._line[::every] + self._sines[::every] @ bend

    def _energy(self, bend: "torch.Tensor", every: int) -> "torch.Tensor":
        pictures = self.decode(self._curve(bend, every)).flatten(1)
        return (NODES - 1) // every * (pictures[1:] - pictures[:-1]).square().sum()

    def _slope(self, bend: np.ndarray) -> tuple[float, np.ndarray]:
        """Energy of a bend, as a share of the line's, and its gradient; both flat, as SciPy wants them."""
        import torch

        with torch.enable_grad():
            given = torch.from_numpy(bend.reshape(WAVES, -1)).float().requires_grad_()
            energy = self._energy(given, self._every) / self._unit
            (slope,) = torch.autograd.grad(energy, given)
        return float(energy.detach()), slope.double().numpy().ravel()

    def _way(self, curve: "torch.Tensor") -> np.ndarray:
        """Length of the decoded curve up to each node."""
        jumps = self.decode(curve).flatten(1).double().diff(dim=0).norm(dim=1)
        return np.concatenate([[0.0], np.cumsum(jumps.numpy())])


def geodesic(
    decode: Decode,
    start: np.ndarray,
    end: np.ndarray,
    steps: int,
    road: np.ndarray | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> np.ndarray:
    """Codes (steps, d) from A to B along which the decoded picture changes least, and evenly; see ``Search``.

    ``progress`` is called after each round with the share (0..1) that is over. Raises what ``Search`` raises.
    """
    search = Search(decode, start, end, road)
    while search.share < 1:
        search.go_on()
        progress(search.share)
    return search.path(steps)
