"""Sweeps that look for good settings: each point is an ordinary run, chosen by Optuna when the ones before have ended.

Nothing is kept but the runs: what was searched stands in each one's ``queue.json``, what came of it in its status, and
the study is built anew from these whenever a point is asked for. So a search that was killed goes on by itself, and two
apps on one folder choose the same next point, which is one run.

Sources: Bergstra and Bengio, "Random Search for Hyper-Parameter Optimization", 2012; Bergstra et al., "Algorithms for
Hyper-Parameter Optimization", 2011 (TPE); Akiba et al., "Optuna", 2019.
"""

import hashlib
import sqlite3
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aelib.config import RunConfig
from aelib.errors import AelibError
from aelib.jobs import queue, sweep
from aelib.jobs.permission import refuse_in_demo
from aelib.runs import index
from aelib.runs.folder import Run

SAMPLERS = ("random", "tpe")
ENDED = ("completed", "failed")  # a stopped run is held by a person: a search waits for it
TRIES = 50  # settings drawn for one point before it is said that none can be a run


@dataclass(frozen=True)
class Span:
    """Numbers from ``low`` to ``high``, both within; whole ones where both are; on a scale of factors with ``log``."""

    low: float
    high: float
    log: bool = False


Space = dict[str, "Span | list[Any]"]


def read_place(word: str) -> tuple[str, "Span | list[Any]"]:
    """``model.beta=0.1..10``, ``training.learning_rate=1e-4..1e-2:log``, or values as ``sweep.read_axis`` has them.

    Raises ``E_CONFIG`` for a word without values, and for a span that has no numbers in it.
    """
    path, _, text = word.partition("=")
    if ".." not in text or "." not in path:
        return sweep.read_axis(word)
    ends, _, scale = text.strip().partition(":")
    try:
        low, high = (_number(end) for end in ends.split(".."))
    except ValueError:
        low, high = 1.0, 0.0
    if not (np.isfinite([low, high]).all() and low < high and scale in ("", "log") and (low > 0 or not scale)):
        raise AelibError(
            "E_CONFIG", f"{word[:80]!r} is not understood", "",
            "Write FIELD=LOW..HIGH, or FIELD=LOW..HIGH:log above zero: training.learning_rate=1e-4..1e-2:log",
        )  # fmt: skip
    return path.strip(), Span(low, high, scale == "log")


def _number(text: str) -> float:
    return int(text) if text.strip().lstrip("+-").isdecimal() else float(text)


def submit(checkpoints: Path, name: str, raw: dict[str, Any], space: Space, sampler: str, points: int) -> list[Run]:
    """Begin a search and queue its first points; whoever looks at the queue goes on with it (see ``Searcher``).

    Args:
        checkpoints: The folder of run folders.
        name: Of the sweep; no other may have it, for its runs are found by it.
        raw: The plain values of the config that all points have in common.
        space: Settings by path, and what each may be.
        sampler: ``random`` or ``tpe``; the lowest validation error is looked for.
        points: Runs in all.

    Raises:
        AelibError: ``E_CONFIG`` (no such sampler, no name, a point that is no run), ``E_TOO_LARGE``, ``E_EXISTS``.
    """
    refuse_in_demo("Training")
    name = name.strip()[:120]
    if not name:
        raise AelibError("E_CONFIG", "A sweep needs a name", "", "Give it one: its runs are found by it")
    if sampler not in SAMPLERS:
        raise AelibError("E_CONFIG", f"There is no sampler {sampler[:40]!r}", "", f"Allowed: {', '.join(SAMPLERS)}")
    if not 1 <= points <= sweep.LIMIT:
        raise AelibError("E_TOO_LARGE", f"{points:,} points cannot be searched", "", f"Allowed: 1 to {sweep.LIMIT}")
    if name in sweep.names(checkpoints):
        raise AelibError("E_EXISTS", f"There is a sweep {name!r} already", "", "Give this one another name")
    plain = {path: asdict(choice) if isinstance(choice, Span) else choice for path, choice in space.items()}
    search = {"sampler": sampler, "points": points, "space": plain, "raw": raw}
    return _go_on(checkpoints, name, search, [])


def go_on(checkpoints: Path) -> list[Run]:
    """Queue what searches here need next; the runs that came of it."""
    made: list[Run] = []
    for name in sweep.names(checkpoints):
        runs = sweep.of(checkpoints, name)
        search = sweep.about(runs[0]).get("search")
        if isinstance(search, dict):
            made += _go_on(checkpoints, name, search, runs)
    return made


def is_open(checkpoints: Path, name: str) -> bool:
    """Whether a sweep is a search that has points to come."""
    runs = sweep.of(checkpoints, name)
    search = sweep.about(runs[0]).get("search")
    return isinstance(search, dict) and len(runs) < search["points"]


class Searcher:
    """Goes on with searches whenever a run has ended; a look without news costs one count."""

    def __init__(self) -> None:
        self.seen: list[tuple] = []

    def look(self, checkpoints: Path) -> None:
        """One look. Raises what ``go_on`` raises; the next look comes when the runs' states have changed again."""
        with index.transaction(checkpoints) as connection:
            now = _states(connection)
        if now != self.seen:
            self.seen = now
            go_on(checkpoints)


def _states(connection: sqlite3.Connection) -> list[tuple]:
    return connection.execute("SELECT state, count(*), max(seq) FROM runs GROUP BY state ORDER BY state").fetchall()


def _go_on(checkpoints: Path, name: str, search: dict[str, Any], runs: list[Run]) -> list[Run]:
    states = [_status(run)["state"] for run in runs]
    asked = 1 + max((sweep.about(run).get("number", 0) for run in runs), default=-1)
    waiting = sum(state not in ENDED for state in states)
    # Points drawn at random need not wait for one another; others learn from those that ended.
    room = search["points"] if search["sampler"] == "random" else queue.runs_per_device() - waiting
    made: list[Run] = []
    for number in range(asked, min(search["points"], asked + max(0, room))):
        values, config = _next_point(search, [*runs, *made], number)
        digest = hashlib.sha256(f"{name}/{number}".encode()).hexdigest()[:32]  # two apps that ask make one run
        about = {"name": name, "values": values, "number": number, "search": search}
        title = f"{name[:60]}: {sweep.described(values)}"
        made.append(queue.enter(checkpoints, config, name=title, nonce=f"search-{digest}", sweep=about))
    return made


def _status(run: Run) -> dict[str, Any]:
    try:
        return run.status()
    except AelibError:  # a broken folder is a point that came to nothing
        return {"state": "failed"}


def _next_point(search: dict[str, Any], runs: list[Run], number: int) -> tuple[dict[str, Any], RunConfig]:
    """The values of the next point, and its config. Raises what the last try raised where none can be a run."""
    study, problem = _study(search, runs), None
    for attempt in range(TRIES):
        study.sampler = _sampler(search["sampler"], number, attempt)
        drawn = study.ask(_distributions(search["space"])).params
        values = {path: _value(choice, drawn[path]) for path, choice in search["space"].items()}
        try:
            return values, queue.prepare(RunConfig.parse(sweep.with_values(search["raw"], values)))
        except AelibError as error:  # settings that do not go together: another draw
            problem = error
    assert problem, "there was a try"
    raise problem


def _study(search: dict[str, Any], runs: list[Run]) -> Any:
    """Optuna's study as it would stand if it had been told of every run."""
    optuna = _optuna()
    from optuna.trial import TrialState, create_trial

    study, distributions = (
        optuna.create_study(sampler=_sampler(search["sampler"], 0, 0)),
        _distributions(search["space"]),
    )
    for run in sorted(runs, key=lambda run: sweep.about(run)["number"]):
        status, values = _status(run), sweep.about(run)["values"]
        error = status.get("validation_error")
        params = {path: _param(choice, values[path]) for path, choice in search["space"].items()}
        state = TrialState.RUNNING if status["state"] not in ENDED else TrialState.FAIL
        state = TrialState.COMPLETE if status["state"] == "completed" and error is not None else state
        told: dict[str, Any] = {"value": float(error)} if state == TrialState.COMPLETE and error is not None else {}
        study.add_trial(create_trial(state=state, params=params, distributions=distributions, **told))
    return study


def _sampler(name: str, number: int, attempt: int) -> Any:
    """Its draws follow from the point's number alone, whoever asks."""
    seed, optuna = int(np.random.SeedSequence([number, attempt]).generate_state(1)[0]), _optuna()
    return (
        optuna.samplers.RandomSampler(seed=seed)
        if name == "random"
        else optuna.samplers.TPESampler(seed=seed, n_startup_trials=5)
    )


def _distributions(space: dict[str, Any]) -> dict[str, Any]:
    from optuna import distributions as kinds

    found: dict[str, Any] = {}
    for path, choice in space.items():
        if isinstance(choice, list):
            found[path] = kinds.CategoricalDistribution(range(len(choice)))  # its values may be lists
        else:
            whole = isinstance(choice["low"], int) and isinstance(choice["high"], int)
            kind = kinds.IntDistribution if whole else kinds.FloatDistribution
            found[path] = kind(choice["low"], choice["high"], log=choice["log"])
    return found


def _value(choice: Any, drawn: Any) -> Any:
    return choice[drawn] if isinstance(choice, list) else drawn if isinstance(drawn, int) else float(f"{drawn:.4g}")


def _param(choice: Any, value: Any) -> Any:
    """Back from a value; one that was rounded over an end comes back to it."""
    return choice.index(value) if isinstance(choice, list) else min(max(value, choice["low"]), choice["high"])


def _optuna() -> Any:
    try:
        import optuna
    except ModuleNotFoundError:
        raise AelibError(
            "E_MISSING", "The samplers need Optuna", "it is not installed", "pip install -r requirements.txt"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna
