"""The fast subset, on scikit-learn's digits: every claim is held against scikit-learn in the same run."""

import numpy as np

from aelib.datasets._base import Dataset
from aelib.measures.anomaly import one_against_rest
from aelib.measures.neighbours import neighbour_accuracy
from aelib.measures.probe import linear_probe
from bench.published_rows.anomaly import areas
from bench.published_rows.data import digits, labels_of
from bench.published_rows.principal import config as pca_config
from bench.published_rows.row import Figure, Row, judged
from bench.published_rows.training import Book, codes_of, squared_errors

LENGTH, SHORT = 10, 4
NET = {
    "dataset": {"name": "digits"},
    "network": {"name": "mlp", "widths": [64, 32]},
    "model": {"name": "autoencoder", "latent_dim": SHORT, "reconstruction": "squared_error"},
    "training": {"epochs": 60, "batch_size": 64, "learning_rate": 5e-3, "schedule": "one_cycle", "device": "cpu"},
}


def measure(book: Book) -> list[Figure]:
    """Error, a net below the line, anomalies, neighbours and probe."""
    from sklearn.decomposition import PCA

    data = digits()
    train, test = (data.splits[name].floats() for name in ("train", "test"))
    labels, test_labels = labels_of(data.splits["train"]), labels_of(data.splits["test"])
    rows, test_rows = (values.reshape(len(values), -1).astype(np.float64) for values in (train, test))
    model = book.trained(pca_config(LENGTH, "digits"), data).model
    peer = PCA(LENGTH, svd_solver="full").fit(rows)
    ours = float(squared_errors(model, test).mean())
    theirs = _peer_errors(peer, test_rows).mean()
    codes = codes_of(model, train), labels, codes_of(model, test), test_labels
    peer_codes = peer.transform(rows), labels, peer.transform(test_rows), test_labels
    found = [
        _same(f"PCA-{LENGTH}, squared error per test item", ours, theirs, 1e-4),
        _net(book, data, test),
        *_anomalies(book, data, rows, test_rows),
    ]
    for name, judge in (("5-NN accuracy", neighbour_accuracy), ("linear probe accuracy", linear_probe)):
        found.append(_same(f"PCA-{LENGTH}, {name}", judge(*codes).accuracy, judge(*peer_codes).accuracy, 0.004))
    return found


def _net(book: Book, data: Dataset, test: np.ndarray) -> Figure:
    line = float(squared_errors(book.trained(pca_config(SHORT, "digits"), data).model, test).mean())
    error = float(squared_errors(book.trained(NET, data).model, test).mean())
    name = f"MLP 64-64-32-{SHORT}, squared error per test item"
    return judged(name, error, error < line, f"below {line:.3f} (PCA-{SHORT})", "not below the straight line", 4)


def _anomalies(book: Book, data: Dataset, rows: np.ndarray, test_rows: np.ndarray) -> list[Figure]:
    from sklearn.decomposition import PCA

    labels, test_labels = labels_of(data.splits["train"]), labels_of(data.splits["test"])
    found = areas(book, pca_config(SHORT, "digits"), data)
    theirs = []
    for number in range(10):
        peer = PCA(SHORT, svd_solver="full").fit(rows[labels == number])
        theirs.append(100 * one_against_rest(_peer_errors(peer, test_rows), test_labels, number).area)
    return [_same(f"PCA-{SHORT}, one digit against the rest, AUROC in %", found.mean(), float(np.mean(theirs)), 0.01)]


def _same(name: str, ours: float, theirs: float, within: float) -> Figure:
    reason = f"differs by more than {within:g}"
    return judged(name, ours, abs(ours - theirs) <= within, f"{theirs:.4f} (scikit-learn)", reason, digits=4)


def _peer_errors(peer, rows: np.ndarray) -> np.ndarray:
    return np.square(peer.inverse_transform(peer.transform(rows)) - rows).sum(1)


ROWS = (
    Row(
        "Q1",
        "Digits: the fast subset",
        "scikit-learn's digits, 8 x 8, in the library's three splits; pixels in [0, 1], errors summed over 64 pixels. "
        "To see that everything works, not to be quoted.",
        ("pca", "autoencoder"),
        measure,
    ),
)
