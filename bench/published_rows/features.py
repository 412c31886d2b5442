"""What codes are worth to a classifier that only cuts straight, and to their neighbours."""

import numpy as np

from aelib.measures.neighbours import neighbour_accuracy
from aelib.measures.probe import linear_probe
from bench.published_rows.data import labels_of, published_split
from bench.published_rows.deep import NET_16
from bench.published_rows.principal import config as pca_config
from bench.published_rows.row import Figure, Row, judged
from bench.published_rows.training import Book, codes_of

UNITS = 1000
TRAINING = {"epochs": 5, "batch_size": 128, "learning_rate": 1e-3, "device": "cpu"}
ONE_LAYER = {"name": "mlp", "widths": [], "tied": True}
SIGMOID = {"latent_dim": UNITS, "code_activation": "sigmoid"}
FEATURES = {
    "plain": {"name": "contractive", **SIGMOID, "lam": 0.0, "jacobian": "exact"},  # `autoencoder` takes no longer code
    "contractive": {"name": "contractive", **SIGMOID, "lam": 0.1, "jacobian": "exact"},
    "sparse (25 largest)": {
        "name": "sparse",
        "latent_dim": UNITS,
        "code_activation": "linear",
        "sparsity": "top_k",
        "k": 25,
        "k_start": 100,
    },
}


def measure_codes(book: Book) -> list[Figure]:
    """16 numbers, by PCA and by a net, beside the pixels."""
    data = published_split()
    found = {"raw pixels": _pixels()}
    for name, raw in (("PCA-16", pca_config(16)), ("MLP-16", NET_16)):
        model = book.trained(raw, data).model
        found[name] = codes_of(model, data.splits["train"].floats()), codes_of(model, data.splits["test"].floats())
    figures = []
    for name, (codes, test_codes) in found.items():
        given = codes, labels_of(data.splits["train"]), test_codes, labels_of(data.splits["test"])
        probe = linear_probe(*given)
        figures.append(Figure(f"{name}, 5-NN accuracy", neighbour_accuracy(*given).accuracy, digits=4))
        figures.append(Figure(f"{name}, linear probe accuracy", probe.accuracy, "", "shown", _rest(probe), 4))
    return figures


def measure_features(book: Book) -> list[Figure]:
    """Long codes, beside the pixels."""
    data = published_split()
    labels, test_labels = labels_of(data.splits["train"]), labels_of(data.splits["test"])
    pixels, test_pixels = _pixels()
    raw = linear_probe(pixels, labels, test_pixels, test_labels)
    errors = {"raw pixels": 100 * (1 - raw.accuracy)}
    figures = [Figure("raw pixels, probe error in %", errors["raw pixels"], "", "shown", _rest(raw))]
    for name, model in FEATURES.items():
        config = {"dataset": {"name": "mnist"}, "network": ONE_LAYER, "model": model, "training": TRAINING}
        found = book.trained(config, data).model
        codes, test_codes = (codes_of(found, data.splits[split].floats()) for split in ("train", "test"))
        probe = linear_probe(codes, labels, test_codes, test_labels)
        errors[name] = error = 100 * (1 - probe.accuracy)
        figures.append(_figure(name, error, errors, _rest(probe)))
    return figures


def _figure(name: str, error: float, errors: dict[str, float], rest: str) -> Figure:
    label = f"{name}, probe error in %"
    if name == "plain":
        return judged(label, error, error < errors["raw pixels"], "below raw pixels", f"behind the pixels; {rest}")
    mark = f"below the plain one's {errors['plain']:.2f}"
    return judged(label, error, error < errors["plain"], mark, f"not so with this seed and weight, untuned; {rest}")


def _rest(probe) -> str:
    return f"{100 * (1 - probe.train_accuracy):.2f} % on its training items" + (
        "" if probe.converged else "; the solver was stopped before it came to rest"
    )


def _pixels() -> tuple[np.ndarray, np.ndarray]:
    splits = published_split().splits
    train, test = (splits[name].floats().reshape(len(splits[name]), -1) for name in ("train", "test"))
    return train, test


ROWS = (
    Row(
        "E1",
        "Codes of 16 numbers: neighbours and probe",
        "PCA-16 of A1 and the net of B2, fitted to 60,000 items without their labels; 5-NN and logistic regression "
        "(standardised codes, C = 1) fitted to the labels of the same 60,000 and asked for the 10,000 test items. "
        "Published tables of this kind use other nets, so there is nothing like to hold it against.",
        ("pca", "autoencoder"),
        measure_codes,
    ),
    Row(
        "E2",
        "Long features under a linear probe",
        f"One layer 784-{UNITS}, tied weights, cross-entropy, {TRAINING['epochs']} epochs of Adam at 1e-3, batches of "
        "128, seed 0: plain (the contractive one at weight 0) and contractive (exact, weight 0.1) with sigmoid units, "
        "sparse with the 25 largest of linear units. "
        "Logistic regression (standardised codes, C = 1) on all 60,000, error on the 10,000 test items; nothing was "
        "tuned. Published figures for such features (contractive 1.14 %, plain 1.78 %, Rifai et al. 2011; 25 largest "
        "1.35 %, Makhzani and Frey 2013; both quoted from memory) were fine-tuned or tuned on validation: they do not "
        "compare with these, only their order does.",
        ("contractive", "sparse"),
        measure_features,
    ),
)
