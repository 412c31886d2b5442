"""Grids of code words: what each cell says, which words are near to it, and the picture with one of them exchanged."""

from typing import TYPE_CHECKING, Any

import numpy as np

from aelib.errors import AelibError
from aelib.latent.neighbours import nearest

if TYPE_CHECKING:
    from aelib.models._base import Model


def words_of(model: "Model", values: np.ndarray) -> np.ndarray:
    """Items at rest (uint8) -> int64 (n, height, width): rows of the codebook. Raises ``E_ABILITY``."""
    import torch

    codebook_model = _with_words(model)
    with torch.inference_mode():
        return codebook_model.words(torch.from_numpy(np.ascontiguousarray(values)).float() / 255).numpy()


def pictures_of(model: "Model", words: np.ndarray) -> np.ndarray:
    """Grids of words (n, height, width) -> items, float32 (n, channels, height, width) after the output activation.

    Raises:
        AelibError: ``E_ABILITY`` for a model without words, ``E_CODES`` for a grid of another size or a word that the
            codebook has not.
    """
    import torch

    codebook_model, size = _with_words(model), len(codebook(model))
    _, height, width = codebook_model.grid
    fits = words.ndim == 3 and words.shape[1:] == (height, width) and len(words)
    if not fits or words.dtype.kind not in "iu" or words.min() < 0 or words.max() >= size:
        why = f"wanted grids of {height} x {width} whole numbers from 0 to {size - 1}"
        raise AelibError("E_CODES", "These words cannot be decoded", why)
    with torch.inference_mode():
        return codebook_model.decode(codebook_model.latents_of(torch.from_numpy(words.astype(np.int64)))).numpy()


def near_words(model: "Model", word: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The words nearest to one, itself first: rows of the codebook (count,) and Euclidean distances (count,)."""
    vectors = codebook(model)
    others = np.delete(np.arange(len(vectors)), word)
    rows, distances = nearest(vectors[word : word + 1], vectors[others], count - 1)
    return np.concatenate([[word], others[rows[0]]]), np.concatenate([[0.0], distances[0]])


def exchanged(words: np.ndarray, row: int, column: int, others: np.ndarray) -> np.ndarray:
    """A grid (height, width) once for each of ``others`` (n,), with that word in one cell: (n, height, width)."""
    grids = np.repeat(words[None], len(others), axis=0)
    grids[:, row, column] = others
    return grids


def codebook(model: "Model") -> np.ndarray:
    """The words themselves, float32 (size, numbers). Raises ``E_ABILITY`` for a model without any."""
    return _with_words(model).codebook.vectors.detach().numpy()


def _with_words(model: "Model") -> Any:
    if not hasattr(model, "latents_of"):
        raise AelibError("E_ABILITY", "This model has no code words", "its codes are vectors", "Take a run of 'vq_vae'")
    return model
