"""Principal components: the published figure, and ours beside scikit-learn's at other lengths."""

import numpy as np

from aelib.measures.neighbours import neighbour_accuracy
from bench.published_rows.data import labels_of, published_split
from bench.published_rows.row import Figure, Row, judged
from bench.published_rows.training import Book, codes_of, squared_errors

LENGTHS = (2, 10, 16, 20, 30, 32, 50, 64, 128)
VOTED = (2, 10, 16, 30, 32, 64)  # lengths whose neighbours are asked


def config(length: int, dataset: str = "mnist") -> dict:
    """A run of principal components."""
    return {
        "dataset": {"name": dataset},
        "model": {"name": "pca", "latent_dim": length},
        "training": {"batch_size": 64},
    }


def measure_30(book: Book) -> list[Figure]:
    """The figure of 2006."""
    data = published_split()
    model = book.trained(config(30), data).model
    error = squared_errors(model, data.splits["test"].floats()).mean()
    theirs = "13.87 (Hinton and Salakhutdinov 2006, figure 2B)"
    return [judged("PCA-30, squared error per test image", error, round(error, 2) == 13.87, theirs, digits=3)]


def measure_table(book: Book) -> list[Figure]:
    """Errors and neighbours at other lengths, scikit-learn's PCA fitted to the same items in the same run."""
    from sklearn.decomposition import PCA

    data = published_split()
    train, test = (data.splits[name].floats().reshape(len(data.splits[name]), -1) for name in ("train", "test"))
    labels, test_labels = labels_of(data.splits["train"]), labels_of(data.splits["test"])
    model = book.trained(config(max(LENGTHS)), data).model
    codes, test_codes = (codes_of(model, data.splits[name].floats()) for name in ("train", "test"))
    peer = PCA(max(LENGTHS), svd_solver="covariance_eigh").fit(train.astype(np.float64))
    peer_codes, peer_test_codes = (peer.transform(values).astype(np.float32) for values in (train, test))
    total = np.square(test - train.mean(0)).sum(1).mean()
    figures = []
    for length in LENGTHS:
        # Directions at right angles: what is not kept of an item is its error.
        ours, theirs = (total - np.square(c[:, :length]).sum(1).mean() for c in (test_codes, peer_test_codes))
        figures.append(
            judged(
                f"PCA-{length}, squared error",
                float(ours),
                abs(ours - theirs) < 0.005,
                f"{theirs:.3f} (scikit-learn)",
                "differs from scikit-learn's by more than 0.005",
                digits=3,
            )
        )
    for length in VOTED:
        ours = neighbour_accuracy(codes[:, :length], labels, test_codes[:, :length], test_labels).accuracy
        theirs = neighbour_accuracy(peer_codes[:, :length], labels, peer_test_codes[:, :length], test_labels).accuracy
        figures.append(
            judged(
                f"PCA-{length}, 5-NN accuracy",
                ours,
                abs(ours - theirs) <= 0.0005,
                f"{theirs:.4f} (of scikit-learn's codes)",
                "differs from scikit-learn's codes by more than 5 items",
                digits=4,
            )
        )
    raw = neighbour_accuracy(train, labels, test, test_labels).accuracy
    return [*figures, Figure("raw pixels, 5-NN accuracy", raw, digits=4)]


ROWS = (
    Row(
        "A1",
        "PCA-30",
        "60,000 training items, 10,000 test items, pixels in [0, 1]; squared error summed over 784 pixels, mean over "
        "the test items, reconstructions not clipped. Closed form: no seed.",
        ("pca",),
        measure_30,
    ),
    Row(
        "A2",
        "PCA at other lengths, with 5-NN",
        "Items and units of A1. One fit of 128 components, of which the first d are the PCA of length d. 5-NN: exact "
        "Euclidean search among the codes of all 60,000, majority of five. Held against scikit-learn's PCA of the "
        "same items; there is no published table.",
        ("pca",),
        measure_table,
    ),
)
