"""The contract of a corruption, and the one function that applies a list of them in order."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from aelib.config import PluginConfig, RunConfig
from aelib.datasets._base import DataInfo
from aelib.errors import AelibError
from aelib.registry import CORRUPTIONS

if TYPE_CHECKING:
    import torch


class CorruptionConfig(PluginConfig):
    """Every corruption has one dial; 0 changes nothing.

    Class attributes:
        serves: The kinds of items it makes sense for, see ``DataInfo.kind``; others are refused.
    """

    serves: ClassVar[tuple[str, ...]] = ("images", "vectors")

    severity: float = Field(0.25, ge=0, le=1, description="0 leaves the items as they are, 1 is the worst")

    def check(self, run: RunConfig, info: DataInfo) -> None:
        """Refuse items of a kind that this corruption makes no sense for."""
        refuse_kind(self, info.kind)


class PictureCorruptionConfig(CorruptionConfig):
    """A corruption that needs neighbouring pixels, or colours: vectors have neither, their order means nothing."""

    serves: ClassVar[tuple[str, ...]] = ("images",)


def refuse_kind(config: PluginConfig, kind: str) -> None:
    """Raise ``E_CONFIG`` where a corruption does not serve this kind of items."""
    serves = getattr(config, "serves", (kind,))
    if kind not in serves:
        raise AelibError(
            "E_CONFIG",
            f"corruptions: {config.name!r} does not work on {kind}",
            f"it is made for {' and '.join(serves)}",
            f"Take one of {', '.join(repr(name) for name in names_for(kind))}",
        )


def names_for(kind: str) -> list[str]:
    """The corruptions that make sense for a kind of items (``images`` or ``vectors``), sorted."""
    return [name for name in CORRUPTIONS.names() if kind in CORRUPTIONS.load(name).Config.serves]


def apply_all(
    items: "torch.Tensor", corruptions: Sequence[PluginConfig], generator: "torch.Generator"
) -> "torch.Tensor":
    """Apply corruptions in order.

    Args:
        items: Pictures, float (n, channels, height, width) in [0, 1], or vectors, float (n, features); not changed.
        corruptions: Their configs, first applied first.
        generator: Lives on the device of ``items``; same state, same result.

    Raises ``E_CONFIG`` for a corruption that does not serve this kind of items.
    """
    for config in corruptions:
        refuse_kind(config, "vectors" if items.ndim == 2 else "images")
        items = CORRUPTIONS.load(config.name).corrupt(items, config, generator)
    return items


def in_range(items: "torch.Tensor") -> "torch.Tensor":
    """Pictures clipped to [0, 1]; vectors, which have no such range, as they are."""
    return items if items.ndim == 2 else items.clamp(0.0, 1.0)
