"""The text of docs/choosing.md, made from the docstrings: which model for which need, and what each one is."""

from aelib.models._base import Model
from aelib.models._needs import NEEDS
from aelib.presets import PRESETS
from aelib.registry import CORRUPTIONS, DATASETS, MODELS, NETWORKS, Registry

HEAD = """# How to choose

*Printed by `python -m aelib list models --markdown`; change the docstrings, not this file (`make docs`).*

Start from what you want. In each group, those that are made for it come first. Whatever you take, train `pca`
beside it: in a second it gives the error that a code of the same length has to pass.
"""

TASKS = """## Tasks follow from corruptions

Nothing is a denoiser or an up-scaler by name: a run is what its corruptions and its target make of it.

| task | what goes in | what is asked for |
|---|---|---|
| denoising | `gaussian`, `salt_pepper`, `speckle`, `masking` … | the clean item |
| in-painting | `occlusion` | what lay behind the patch |
| super-resolution | `downsample` (0.5: twice, 1.0: four times) | the fine picture |
| colouring | `grey` | the colours |
| segmentation | the item | its mask (`target` masks) |
| recommendation | a row with `missing` entries | the entries that are there; the others are the guess |

Any model undoes corruptions through its code; `restoration` goes round the code and keeps detail.
"""

ABSENT = """## What the family has and we do not carry

* **Text**: sequence autoencoders and language models' embeddings.
* **Paired modalities**: pictures with captions, sound with video, multimodal VAEs.
* Hierarchical VAEs, normalising flows and diffusion, which are families of their own.

The way in for all of them: **codes from any framework**. Encode there, save an NPZ with `codes` (n, d) and, where there
are any, `labels` and `images`, and open it here (Data page, or `python -m aelib import codes.npz`): map, neighbours,
clusters, selections and support need no model.
"""


def choosing() -> str:
    """The whole page, as Markdown with lines of any length."""
    return "\n".join([HEAD, _by_need(), TASKS, _each_model(), _lists(), ABSENT])


def _by_need() -> str:
    lines = ["## By need", ""]
    for need, sentence in NEEDS.items():
        lines += [f"### {need.capitalize()}", "", f"{sentence}.", ""]
        ranked = sorted((_model(name).serves.index(need), name) for name in MODELS.names() if need in _serves(name))
        lines += [f"* [`{name}`](#{name}): {MODELS.help(name).summary}" for _, name in ranked]
        lines.append("")
    return "\n".join(lines)


def _each_model() -> str:
    lines = ["## Each model", ""]
    for name in MODELS.names():
        text = MODELS.help(name)
        presets = [preset.title for preset in PRESETS.values() if preset.config["model"]["name"] == name]
        lines += [f"### {name}", "", text.summary, "", f"**What for.** {text.what_for}", ""]
        lines += [f"**Limits.** {text.limits}", "", f"**Abilities.** {_abilities(_model(name))}", ""]
        lines += [f"**Presets.** {'; '.join(presets)}.", "", f"*{text.reference}*", ""]
    return "\n".join(lines)


def _abilities(model: type[Model]) -> str:
    codes = {
        "vector": "A vector of numbers",
        "grid": "A grid of words",
        "none": "No bottleneck: codes are for maps only",
        "any": "A vector of numbers, by layers of its own (no network to choose)",
    }[model.code_shape]
    said = [
        codes,
        "decodes any code" if model.can_decode and model.code_shape != "grid" else "",
        "samples from its own prior" if model.can_sample else "",
        "needs labels" if model.needs_labels else "",
        "needs a corruption" if model.needs_corruptions else "",
        "needs masks" if model.target == "masks" else "",
        "fitted at once" if model.is_closed_form else "",
    ]
    return f"{'; '.join(part for part in said if part)}."


def _lists() -> str:
    kinds: tuple[tuple[str, Registry], ...] = (("Networks", NETWORKS), ("Corruptions", CORRUPTIONS), ("Data", DATASETS))
    lines = []
    for title, plugins in kinds:
        lines += [f"## {title}", "", *(f"* `{name}`: {plugins.help(name).summary}" for name in plugins.names()), ""]
    return "\n".join(lines)


def _model(name: str) -> type[Model]:
    return MODELS.load(name).Model


def _serves(name: str) -> tuple[str, ...]:
    return _model(name).serves
