"""Ready-made settings as plain data: everything of a run's config except its dataset."""

from aelib.presets._parts import Preset
from aelib.presets._plain import PLAIN
from aelib.presets._sampled import SAMPLED

__all__ = ["PRESETS", "Preset"]

PRESETS: dict[str, Preset] = {**PLAIN, **SAMPLED}
