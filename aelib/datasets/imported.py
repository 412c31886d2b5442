"""The items that came with codes from elsewhere, kept in the run's own folder.

What for: a run without a model of ours has its pictures, classes and attributes all the same; an import makes it.
Limits: not to be trained on: there is one split, and where no pictures came the items are the codes themselves.
Reference: none needed; the arrays are the user's own.
"""

from pathlib import Path

import numpy as np
from pydantic import Field

from aelib.config import PluginConfig, RunConfig
from aelib.datasets._base import DataInfo, Dataset, Items
from aelib.errors import AelibError
from aelib.files import read_arrays, write_arrays

FILE = "items.safetensors"


class Config(PluginConfig):
    """Where the items lie and where they came from."""

    folder: str = Field("", max_length=4096, description="The run's folder")
    source: str = Field("", max_length=200, description="The file that was imported, as its owner calls it")
    notes: tuple[str, ...] = Field((), strict=False, max_length=64, description="What was done to what came")

    def check(self, run: RunConfig, info: DataInfo) -> None:
        """Refuse to train on them."""
        if run.network.name != self.name:
            raise AelibError(
                "E_CONFIG",
                "Imported items cannot be trained on",
                "they came with codes and have no validation items",
                "Save the pictures into a folder and take the dataset 'image_folder'",
            )


def keep(folder: Path, dataset: Dataset) -> None:
    """Write a dataset of one split (train) into a run folder."""
    items = dataset.splits["train"]
    arrays = {"values": items.values, "labels": items.labels, "index": items.index, "factors": items.factors}
    about = {
        "classes": list(dataset.classes),
        "factor_names": list(dataset.factor_names),
        "factor_values": {name: list(values) for name, values in dataset.factor_values.items()},
    }
    write_arrays(folder / FILE, {name: array for name, array in arrays.items() if array is not None}, about)


def load(config: Config) -> Dataset:
    """The items; all of them count as train. Raises ``E_DATA_MISSING`` or ``E_CORRUPT``."""
    path = Path(config.folder) / FILE
    if not config.folder or not path.is_file():
        raise AelibError("E_DATA_MISSING", "The imported items are not there", str(path), "Import the codes again")
    arrays, about = read_arrays(path)
    items = Items(arrays["values"], arrays.get("labels"), arrays["index"], arrays.get("factors"))
    none = items.take(np.zeros(0, np.int64))
    return Dataset(
        {"train": items, "validation": none, "test": none},
        tuple(about.get("classes", ())),
        config.notes,
        tuple(about.get("factor_names", ())),
        factor_values={name: tuple(values) for name, values in about.get("factor_values", {}).items()},
    )
