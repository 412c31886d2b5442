"""Many runs from one config: every combination of the values given for some settings, each an ordinary run.

Source of the idea of a plain grid: it is the only search whose coverage can be read off; for more than three or four
settings random search covers more (Bergstra and Bengio, "Random Search for Hyper-Parameter Optimization", 2012).
"""

import itertools
import json
import math
from pathlib import Path
from typing import Any

from aelib.config import RunConfig
from aelib.errors import AelibError
from aelib.jobs import queue
from aelib.jobs.permission import refuse_in_demo
from aelib.runs.folder import Run, list_runs

LIMIT = 200  # runs in one sweep


def read_axis(word: str) -> tuple[str, list[Any]]:
    """``model.beta=1,4`` as a setting's path and its values; a value that is a list stands in brackets.

    Raises ``E_CONFIG`` for a word without values.
    """
    path, equals, text = word.partition("=")
    values = _values(text)
    if ".." in text and len(values) == 1 and values == [text.strip()]:
        raise AelibError(
            "E_CONFIG", f"{word[:80]!r} is a span", "a grid takes values", "Take the sampler random or tpe"
        )
    if not equals or "." not in path or not values:
        raise AelibError("E_CONFIG", f"{word[:80]!r} is not understood", "", "Write FIELD=VALUE,VALUE: model.beta=1,4")
    return path.strip(), values


def _values(text: str) -> list[Any]:
    try:
        return json.loads(f"[{text}]")
    except (ValueError, RecursionError):
        parts = [part.strip() for part in text.split(",")]
    found = []
    for part in filter(None, parts):
        try:
            found.append(json.loads(part))
        except (ValueError, RecursionError):
            found.append(part)
    return found


def count(axes: dict[str, list[Any]]) -> int:
    """How many runs a sweep over these axes has."""
    return math.prod(len(values) for values in axes.values())


def points(raw: dict[str, Any], axes: dict[str, list[Any]]) -> list[tuple[dict[str, Any], RunConfig]]:
    """Every combination: the values of the axes, and the config with them. Nothing is queued.

    Raises ``E_TOO_LARGE`` for more than ``LIMIT`` and ``E_CONFIG`` for the first combination that is none.
    """
    number = count(axes)
    if number > LIMIT:
        raise AelibError(
            "E_TOO_LARGE", f"This sweep would have {number:,} runs", f"the limit is {LIMIT}", "Give fewer values"
        )
    found = []
    for values in itertools.product(*axes.values()):
        chosen = dict(zip(axes, values, strict=True))
        found.append((chosen, RunConfig.parse(with_values(raw, chosen))))
    return found


def submit(checkpoints: Path, name: str, raw: dict[str, Any], axes: dict[str, list[Any]], nonce: str = "") -> list[Run]:
    """Queue every point of a sweep; all are checked against their data before the first one is queued.

    Args:
        checkpoints: The folder of run folders.
        name: Of the sweep; no other may have it, for its runs are found by it.
        raw: The plain values of the config that all have in common.
        axes: Settings by path, and the values of each.
        nonce: Of the form that asked, so that a double click makes one sweep.

    Raises:
        AelibError: ``E_CONFIG`` (no name, a point that is no run), ``E_TOO_LARGE``, ``E_EXISTS``.
    """
    refuse_in_demo("Training")
    if not name.strip():
        raise AelibError("E_CONFIG", "A sweep needs a name", "", "Give it one: its runs are found by it")
    others = [run for run in list_runs(checkpoints) if about(run).get("name") == name.strip()[:120]]
    if any(not nonce or not run.queue().get("nonce", "").startswith(f"{nonce}-") for run in others):
        raise AelibError(
            "E_EXISTS", f"There is a sweep {name.strip()[:120]!r} already", "", "Give this one another name"
        )
    found = points(raw, axes)
    prepared = _prepare_all([config for _, config in found])
    runs = []
    for number, ((chosen, _), config) in enumerate(zip(found, prepared, strict=True)):
        title, own = f"{name.strip()[:60]}: {described(chosen)}", f"{nonce}-{number}" if nonce else ""
        known = {"name": name.strip()[:120], "values": chosen}
        runs.append(queue.enter(checkpoints, config, name=title, nonce=own, sweep=known))
    return runs


def _prepare_all(configs: list[RunConfig]) -> list[RunConfig]:
    """As ``queue.prepare`` does it; a dataset that several share is read once."""
    from aelib.datasets._base import load_dataset
    from aelib.models._base import check

    known: dict[str, Any] = {}
    found = []
    for config in configs:
        key = config.dataset.model_dump_json()
        dataset = known.get(key) or known.setdefault(key, load_dataset(config.dataset))
        check(config, dataset.info)
        found.append(config.model_copy(update={"dataset_hash": dataset.hash}))
    return found


def with_values(raw: dict[str, Any], chosen: dict[str, Any]) -> dict[str, Any]:
    """Plain values of a config with some settings by path: ``model.beta``, ``corruptions.0.severity``."""
    whole = json.loads(json.dumps(raw))
    for path, value in chosen.items():
        *parts, last = path.split(".")
        place = whole
        for part in parts:
            place = _within(place, part, path)
        if not isinstance(place, dict):
            raise AelibError("E_CONFIG", f"There is no setting {path!r}", "", "Write SECTION.FIELD: model.latent_dim")
        place[last] = value
    return whole


def _within(place: Any, part: str, path: str) -> Any:
    if isinstance(place, list) and part.isdecimal() and int(part) < len(place):
        return place[int(part)]
    if isinstance(place, dict):
        if isinstance(place.get(part), str):  # a name alone
            place[part] = {"name": place[part]}
        return place.setdefault(part, {})
    raise AelibError("E_CONFIG", f"There is no setting {path!r}", "", "Write SECTION.FIELD: model.latent_dim")


def described(values: dict[str, Any]) -> str:
    """``latent dim 2, beta 4``."""
    return ", ".join(f"{path.rpartition('.')[2].replace('_', ' ')} {value}" for path, value in values.items())


def names(checkpoints: Path) -> list[str]:
    """The sweeps that have runs here, newest first."""
    found = (about(run).get("name", "") for run in list_runs(checkpoints))
    return list(dict.fromkeys(filter(None, found)))


def of(checkpoints: Path, name: str) -> list[Run]:
    """The runs of a sweep, in the order of its grid. Raises ``E_NO_RUN`` when there is none of that name."""
    found = [run for run in list_runs(checkpoints) if about(run).get("name") == name]
    if not found:
        raise AelibError(
            "E_NO_RUN", f"There is no sweep {name!r}", "", f"Known: {', '.join(names(checkpoints)) or 'none'}"
        )
    return sorted(found, key=lambda run: (run.queue().get("queued", 0.0), run.id))


def table(runs: list[Run]) -> list[dict[str, Any]]:
    """One row per run: the values of its axes, its state, epochs done, errors and seconds; fills as they end."""
    rows = []
    for run in runs:
        try:
            status = run.status()
            figures = {key: status.get(key) for key in ("epoch", "validation_error", "test_error", "seconds")}
            rows.append({**about(run).get("values", {}), "state": status["state"], **figures, "run": run.id})
        except AelibError:
            rows.append({**about(run).get("values", {}), "state": "broken", "run": run.id})
    return rows


def about(run: Run) -> dict[str, Any]:
    """What a run knows of its sweep: ``name``, ``values``; of a search ``number`` and ``search`` too; or empty."""
    try:
        found = run.queue().get("sweep")
    except AelibError:
        return {}
    return found if isinstance(found, dict) else {}
