"""The vector-quantised autoencoder: a picture becomes a small grid of words from a learnt codebook.

What for: sharp pictures from discrete codes; each place of the grid is one whole number, so a picture is a short text
that another model could learn to write. The perplexity says how many words are really in use.
Limits: needs a network whose features are a small picture (convolutional). The code is a grid, so there are no sliders
and no straight way between codes: for maps and neighbours the words of a grid are averaged over its places, which
forgets where they were, and a place on a map decodes as the nearest item's own grid. No prior: sampling would need a
second model over the grids. A codebook in which few words are used (a low perplexity) is a codebook too large.
Reference: van den Oord, Vinyals and Kavukcuoglu (2017), Neural discrete representation learning; Dhariwal et al.
(2020), Jukebox (restarts of unused words, section 3.1).
"""

import math
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from aelib.config import PluginConfig, RunConfig
from aelib.datasets._base import DataInfo
from aelib.errors import AelibError
from aelib.losses.quantisation import commitment, perplexity
from aelib.losses.reconstruction import cross_entropy_above_floor, squared_error
from aelib.models import _base, _refusals
from aelib.models._base import Batch, Codes, DataPasses, Parts, Phase, Progress, Stage, Term
from aelib.models._codebook import Codebook

START_ITEMS, START_CELLS = 2048, 32_768  # what the first codebook is made from, at most
RESTART_STEPS = 10  # between two looks for dead words: each look waits for the device


class Config(PluginConfig):
    """Settings of the vector-quantised autoencoder."""

    latent_dim: int = Field(16, ge=1, le=4096, description="Numbers in one word of the codebook")
    codebook_size: int = Field(128, ge=2, le=65_536, description="Words in the codebook")
    beta: float = Field(0.25, ge=0, le=100, description="Weight of the commitment: keeps the encoder near its words")
    decay: float = Field(0.99, ge=0, lt=1, description="Memory of the moving averages that the words follow")
    restart: int = Field(
        100,
        ge=0,
        le=1_000_000,
        description="A word passed over for so long that it was due this many times starts anew; 0 = never",
    )
    reconstruction: Literal["bce", "squared_error"] = Field(
        "bce",
        description="bce: binary cross-entropy, each pixel a probability; squared_error: sum of squares",
    )
    output: Literal["sigmoid", "identity"] = Field("sigmoid", description="Last activation; sigmoid stays in 0..1")

    def check(self, run: RunConfig, info: DataInfo) -> None:
        """Refuse rows of numbers, which have no places, and a cross-entropy of what is no probability."""
        if info.kind != "images":
            raise AelibError(
                "E_CONFIG",
                "model 'vq_vae' needs pictures",
                f"the items of {run.dataset.name!r} are vectors, and its code is a grid of places",
                "Take another model, for instance 'autoencoder'",
            )
        _refusals.refuse_bce_outside_unit_range(run, info)
        _refusals.refuse_bce_of_missing(run, info)
        _refusals.refuse_sigmoid_outside_unit_range(run, info)
        _refusals.refuse_bce_without_sigmoid(run)


class Model(_base.Model):
    """Loss: reconstruction + beta ``commitment``; the words follow by moving averages, see ``Codebook``.

    The encoder gives a grid of cells z; each becomes its nearest word e; the decoder's gradient is passed on to z as it
    stands (straight through: e = z + sg(e - z)). Reconstruction: ``cross_entropy_above_floor`` or ``squared_error``.
    Logged over each epoch: ``perplexity``, and ``words_in_use``.

    ``codes`` (n, latent_dim) are the words' means over the grid, for maps and neighbours only. ``latents`` (n,
    latent_dim, height, width) are the words themselves, as numbers: ``decode`` takes any such grid as it stands, so
    blends of two grids decode too, though they are no words. ``words`` and ``latents_of`` go to row numbers and back.
    """

    serves = ("compress",)
    watch = "error"
    code_shape = "grid"

    def __init__(self, config: Config, network: PluginConfig, info: DataInfo) -> None:
        super().__init__(config, network, info)
        self.latent_dim = config.latent_dim
        body = _base.build_body(network, info, "grid")
        assert body.grid is not None, "a body that serves grids has one"
        self.grid = body.grid
        self.encoder, self.decoder = body.encoder, body.decoder
        self.to_code = nn.Conv2d(self.grid[0], config.latent_dim, kernel_size=1)
        self.from_code = nn.Conv2d(config.latent_dim, self.grid[0], kernel_size=1)
        self.codebook = Codebook(config.codebook_size, config.latent_dim)
        self.output = nn.Sigmoid() if config.output == "sigmoid" else nn.Identity()
        self._counted: Tensor | None = None  # how often each word was chosen since ``_figures`` was last asked
        self._sent: tuple[Tensor, Tensor] | None = None  # this step's cells and the words they were given

    def encode(self, items: Tensor, labels: Tensor | None = None) -> Codes:
        """The words' means as codes, the grid of words as latents; no spreads."""
        latents = self.latents_of(self.words(items))
        return Codes(latents.mean((2, 3)), None, latents)

    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Items after the declared output activation, from grids (n, latent_dim, height, width)."""
        return self.output(self._before_output(latents))

    def words(self, items: Tensor) -> Tensor:
        """Items -> int64 (n, height, width): rows of the codebook."""
        return self._nearest(self._cells(items))

    def latents_of(self, words: Tensor) -> Tensor:
        """Rows of the codebook (n, height, width) -> latents (n, latent_dim, height, width)."""
        return self.codebook.vectors[words].movedim(-1, 1).contiguous()  # writers of arrays may ignore strides

    def stages(self) -> tuple[Stage, ...]:
        """One stage: the codebook starts from the untrained encoder's output and follows after each step."""
        phase = Phase("vq_vae", tuple(self.parameters()), self._loss)
        return (
            Stage(
                "training",
                prepare=self._start,
                phases=(phase,),
                after_step=self._follow,
                figures=self._figures,
            ),
        )

    def _cells(self, items: Tensor) -> Tensor:
        return self.to_code(self.encoder(items).unflatten(1, self.grid))

    def _nearest(self, cells: Tensor) -> Tensor:
        return self.codebook.nearest(_rows(cells)).view(len(cells), *cells.shape[2:])

    def _before_output(self, latents: Tensor) -> Tensor:
        return self.decoder(self.from_code(latents).flatten(1))

    def _loss(self, batch: Batch, progress: Progress) -> Parts:
        cells = self._cells(batch.inputs)
        words = self._nearest(cells)
        vectors = self.latents_of(words)
        self._count(words)
        if self.training:
            self._sent = _rows(cells.detach()), words.flatten()
        outputs = self._before_output(straight_through(cells, vectors))
        return {**self._error(outputs, batch.targets), "commitment": Term(commitment(cells, vectors), self.config.beta)}

    def _error(self, outputs: Tensor, targets: Tensor) -> dict[str, Term]:
        if self.config.reconstruction == "bce":
            return {"cross_entropy_above_floor": Term(cross_entropy_above_floor(outputs, targets))}
        return {"squared_error": Term(squared_error(self.output(outputs), targets, self.info.missing))}

    @torch.no_grad()
    def _start(self, passes: DataPasses) -> None:
        """K-means on the cells of evenly taken training items."""
        training, every = self.training, math.ceil(self.info.counts["train"] / START_ITEMS)
        self.eval()
        found, generator = [], None
        for batch in passes():
            generator = batch.generator
            found.append(_rows(self._cells(batch.items[::every])))
        self.train(training)
        assert generator is not None, "a dataset without training items is refused"
        cells = torch.cat(found)
        chosen = torch.randperm(len(cells), generator=generator, device=cells.device)[:START_CELLS]
        self.codebook.start(cells[chosen], generator)

    def _follow(self, batch: Batch, progress: Progress) -> None:
        assert self._sent is not None, "the phase came before"
        self.codebook.follow(*self._sent, self.config.decay)
        if self.config.restart and progress.done % RESTART_STEPS == 0:
            self.codebook.restart(*self._sent, self.config.restart, batch.generator)
        self._sent = None

    @torch.no_grad()
    def _count(self, words: Tensor) -> None:
        if self._counted is None or self._counted.device != words.device:
            self._counted = torch.zeros(self.config.codebook_size, dtype=torch.int64, device=words.device)
        self._counted.scatter_add_(0, words.flatten(), torch.ones_like(words.flatten()))

    def _figures(self) -> dict[str, float]:
        if self._counted is None:
            return {"perplexity": 1.0, "words_in_use": 0.0}
        counts, self._counted = self._counted.to(torch.float32), None
        return {"perplexity": float(perplexity(counts)), "words_in_use": float((counts > 0).sum())}


def straight_through(cells: Tensor, vectors: Tensor) -> Tensor:
    """The code vectors in value, the cells in gradient: z + sg(e - z) (van den Oord et al. 2017, section 3.2)."""
    return cells + (vectors - cells).detach()


def _rows(cells: Tensor) -> Tensor:
    """(n, numbers, height, width) -> (n height width, numbers)."""
    return cells.movedim(1, -1).flatten(0, -2)
