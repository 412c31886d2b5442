"""How far a map can be trusted: trustworthiness and continuity."""

import numpy as np

K = 15
SAMPLE = 2000  # items; the measure is quadratic


def projection_quality(codes: np.ndarray, points: np.ndarray) -> dict[str, float]:
    """Trustworthiness (neighbours on the map are neighbours in the code space) and continuity (the reverse).

    Both from 0 to 1, at ``K`` neighbours, on at most ``SAMPLE`` items taken with a fixed seed (Venna and Kaski, 2001;
    computed by scikit-learn: continuity is trustworthiness with the two spaces exchanged). Empty for fewer than 40
    items, where neighbourhoods of 15 say nothing.
    """
    from sklearn.manifold import trustworthiness

    if len(codes) < 40:
        return {}
    rows = np.random.default_rng(0).permutation(len(codes))[:SAMPLE]
    high, low = codes[rows], points[rows]
    k = min(K, len(rows) // 2 - 1)
    return {
        "trustworthiness": round(float(trustworthiness(high, low, n_neighbors=k)), 4),
        "continuity": round(float(trustworthiness(low, high, n_neighbors=k)), 4),
        "items": len(rows),
    }
