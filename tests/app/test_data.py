"""Each dataset on the Data page and in the Train form: a picture of it, or one sentence."""

import json

import pytest

from aelib.registry import DATASETS

OFFLINE = ("mnist", "fashion_mnist", "kmnist", "cifar10")  # missing here: their sentence is tested with the datasets


@pytest.mark.parametrize("name", [name for name in DATASETS.names() if name not in OFFLINE])
@pytest.mark.parametrize("page", ["data", "train"])
def test_each_dataset_has_its_form(page, name, checkpoints, open_page):
    form = json.dumps({"dataset": {"name": name}})
    at = open_page(page, **({"dataset": name} if page == "data" else {"form": form}))
    assert not at.exception
    assert all("Traceback" not in error.value for error in at.error)
    assert name.replace("_", " ") in [box.value.replace("_", " ") for box in at.selectbox if box.label == "Dataset"]
