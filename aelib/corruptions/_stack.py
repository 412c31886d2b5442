"""Corruptions stacked in order: read from plain data, turned up and down together."""

from collections.abc import Sequence
from typing import Any

from aelib.config import PluginConfig, read_choice
from aelib.corruptions._base import names_for, refuse_kind
from aelib.errors import AelibError
from aelib.registry import CORRUPTIONS

MOST = 10  # corruptions in one stack


def read_stack(raw: Any, kind: str) -> tuple[PluginConfig, ...]:
    """The configs of a stack, first applied first.

    Args:
        raw: A list of names or of ``{"name": …, "severity": …}``; an empty one leaves the items as they are.
        kind: Of the items, see ``DataInfo.kind``.

    Raises:
        AelibError: ``E_CONFIG`` for no list, more than ``MOST``, a severity outside 0..1, or a corruption that does not
            serve this kind; ``E_UNKNOWN`` for a name.
    """
    if not isinstance(raw, list | tuple):
        raise AelibError("E_CONFIG", "The stack of corruptions is not a list", f"got {raw!r:.80}")
    if len(raw) > MOST:
        raise AelibError("E_CONFIG", f"{len(raw)} corruptions are stacked", f"at most {MOST} are", "Take some away")
    found = tuple(read_choice(CORRUPTIONS, part) for part in raw)
    for config in found:
        refuse_kind(config, kind)
    return found


def in_proportion(stack: Sequence[PluginConfig], strength: float) -> tuple[PluginConfig, ...]:
    """The stack turned up or down as a whole: its strongest part gets this severity, the others keep their proportion.

    Args:
        stack: Their configs. Where all severities are 0, each of them gets ``strength``.
        strength: 0 (nothing is disturbed) to 1 (the strongest part at its worst).
    """
    severities = [float(getattr(config, "severity", 0.0)) for config in stack]
    top = max(severities, default=0.0)
    shares = [severity / top if top > 0 else 1.0 for severity in severities]
    return tuple(
        config.model_copy(update={"severity": min(1.0, share * strength)})
        for config, share in zip(stack, shares, strict=True)
    )


def stack_of(text: str, severities: str, kind: str) -> list[dict[str, Any]]:
    """A stack from an address: names and severities, comma-separated; what cannot be understood is left out."""
    known, found = names_for(kind), []
    levels = severities.split(",")
    for place, name in enumerate(text.split(",")[:MOST]):
        if name not in known:
            continue
        try:
            level = float(levels[place]) if place < len(levels) else 0.3
        except ValueError:
            level = 0.3
        found.append({"name": name, "severity": level if 0 <= level <= 1 else 0.3})
    return found
