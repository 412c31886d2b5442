"""Combinations that several variants refuse, each in one sentence; called from a config's ``check``."""

from aelib.config import RunConfig
from aelib.datasets._base import DataInfo
from aelib.errors import AelibError


def refuse_bce_outside_unit_range(run: RunConfig, info: DataInfo) -> None:
    """Cross-entropy is defined for targets in [0, 1] only; a model that offers it calls this from its ``check``."""
    if not info.is_unit_range and getattr(run.model, "reconstruction", "") == "bce":
        raise AelibError(
            "E_CONFIG",
            "model.reconstruction 'bce' needs items in [0, 1]",
            f"those of {run.dataset.name!r} go from {info.low:.3g} to {info.high:.3g}",
            "Set model.reconstruction to 'squared_error', and model.output to 'identity' where there is one",
        )


def refuse_bce_of_missing(run: RunConfig, info: DataInfo) -> None:
    """A missing entry is no probability; a model that offers a cross-entropy calls this from its ``check``."""
    if info.missing is not None and getattr(run.model, "reconstruction", "") == "bce":
        raise AelibError(
            "E_CONFIG",
            "model.reconstruction 'bce' does not go with missing entries",
            f"{run.dataset.name!r} marks what is not there by {info.missing:g}, which is no probability",
            "Set model.reconstruction to 'squared_error', which leaves these entries out",
        )


def refuse_missing(run: RunConfig, info: DataInfo, why: str) -> None:
    """For a model whose error has no entries that could be left out; it calls this from its ``check``."""
    if info.missing is not None:
        raise AelibError(
            "E_CONFIG",
            f"model {run.model.name!r} does not go with missing entries, as {run.dataset.name!r} has them",
            why,
            "Take a model with a squared error, for instance 'autoencoder'",
        )


def refuse_sigmoid_outside_unit_range(run: RunConfig, info: DataInfo) -> None:
    """A sigmoid output cannot reach values outside [0, 1]; a model with an ``output`` calls this from its ``check``."""
    if not info.is_unit_range and getattr(run.model, "output", "") == "sigmoid":
        raise AelibError(
            "E_CONFIG",
            "model.output 'sigmoid' cannot reach these items",
            f"those of {run.dataset.name!r} go from {info.low:.3g} to {info.high:.3g}",
            "Set model.output to 'identity'",
        )


def refuse_bce_without_sigmoid(run: RunConfig) -> None:
    """Cross-entropy needs probabilities; a model with both choices calls this from its ``check``."""
    output = getattr(run.model, "output", "sigmoid")
    if getattr(run.model, "reconstruction", "") == "bce" and output != "sigmoid":
        raise AelibError(
            "E_CONFIG",
            f"model.output {output!r} does not go with model.reconstruction 'bce'",
            "binary cross-entropy needs outputs between 0 and 1",
            "Set model.output to 'sigmoid', or model.reconstruction to 'squared_error'",
        )


def refuse_small_batches(run: RunConfig, info: DataInfo, least: int, why: str) -> None:
    """For a loss that compares items of one batch; a model that has one calls this from its ``check``."""
    for field, count in (("training.batch_size", run.training.batch_size), ("validation", info.counts["validation"])):
        if count < least:
            raise AelibError(
                "E_CONFIG",
                f"{field} {count} is too small for model {run.model.name!r}",
                why,
                f"Take at least {least}" if field != "validation" else f"Take a dataset with at least {least} there",
            )
