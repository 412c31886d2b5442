"""Ratings: users who gave stars to a few of 100 films; what they left open is 0.

What for: Recommending, as in AutoRec: an autoencoder fills a user's row in, and what it puts where nothing was rated is
    its guess. The tastes behind the stars are known, and so is every star that was not given.
Limits: 0 stands for "not rated", and every squared error leaves such entries out, as AutoRec's does: cross-entropy is
    refused. Its penalty on weights is training.weight_decay. Corruptions that set numbers to 0 (masking) hide ratings;
    those that add noise would also write into entries without one. Made up: stars are missing by chance alone, which
    is never so in life.
Reference: Sedhain, Menon, Sanner, Xie (2015), AutoRec: Autoencoders Meet Collaborative Filtering, WWW (its rows of
    users, U-AutoRec); Koren, Bell, Volinsky (2009), Matrix Factorization Techniques for Recommender Systems,
    Computer 42.
"""

from dataclasses import dataclass, replace

import numpy as np
from pydantic import Field

from aelib.config import PluginConfig
from aelib.datasets._base import Dataset, split_items

GENRES = ("comedy", "thriller", "romance", "science fiction")
NOT_RATED = 0.0
FACTORS = tuple(f"likes {genre}" for genre in GENRES)
FEWEST = 3  # ratings of one user


class Config(PluginConfig):
    """How many users and films, and how many ratings."""

    count: int = Field(2000, ge=100, le=20_000, description="Users: one item each")
    films: int = Field(100, ge=20, le=1000, description="Films: the numbers of an item")
    rated: float = Field(0.25, gt=0, le=1, description="Share of the films that a user has rated, on average")
    seed: int = Field(0, ge=0, le=2**32 - 1, description="Which tastes, films and ratings are drawn")


@dataclass(frozen=True)
class Ratings:
    """The whole truth.

    Attributes:
        tastes: float64 (users, 4): how much each user likes each genre.
        films: float64 (films, 4): how much of each genre is in each film.
        stars: float64 (users, films), 1 to 5: what every user would give to every film.
        rated: bool (users, films): which of these were given.
    """

    tastes: np.ndarray
    films: np.ndarray
    stars: np.ndarray
    rated: np.ndarray


def load(config: Config) -> Dataset:
    """float32 (users, films): stars / 5 where rated, 0 where not; factors are the tastes, the class the favourite."""
    truth = draw(config)
    values = np.where(truth.rated, truth.stars / 5, NOT_RATED).astype(np.float32)
    notes = (
        f"{config.count:,} made-up users and {config.films} films, drawn by seed {config.seed}; "
        f"{truth.rated.mean():.0%} of the ratings were given, by chance, well-known films more often.",
        "A value is the stars divided by 5: 0.2, 0.4, 0.6, 0.8 or 1; 0 says that there is no rating, not a bad one.",
        "Errors count rated films only. How well open ones are guessed is measured apart: python -m aelib measure.",
        "The class is the favourite genre. One fifth of the users is kept for validation and one fifth for the test, "
        "always the same.",
    )
    dataset = split_items(
        values,
        truth.tastes.argmax(1),
        validation=0.2,
        test=0.2,
        classes=GENRES,
        notes=notes,
        factors=truth.tastes,
        factor_names=FACTORS,
        feature_names=tuple(f"{GENRES[genre]} {number}" for number, genre in enumerate(_genres(config.films), 1)),
    )
    return replace(dataset, missing=NOT_RATED)


def draw(config: Config) -> Ratings:
    """Stars of low rank: s = 3 + quality of the film + <taste, genres> + noise, rounded and cut to 1..5.

    Row i belongs to the item whose ``index`` is i, so a guess for an open entry can be held against ``stars``.
    """
    random = np.random.default_rng(config.seed)
    tastes = random.normal(size=(config.count, len(GENRES)))
    films = 0.25 * random.normal(size=(config.films, len(GENRES)))
    films[np.arange(config.films), _genres(config.films)] += 1.1
    quality = 0.4 * random.normal(size=config.films)
    scores = 3 + quality + tastes @ films.T + 0.3 * random.normal(size=(config.count, config.films))
    rated = random.random(scores.shape) < _chances(random.gamma(4.0, 0.25, config.films), config.rated)
    for user in np.flatnonzero(rated.sum(1) < FEWEST):  # a row without a rating would say nothing
        rated[user, random.choice(config.films, FEWEST, replace=False)] = True
    return Ratings(tastes, films, np.clip(np.rint(scores), 1, 5), rated)


def observed(values: np.ndarray) -> np.ndarray:
    """Which entries of ``Items.values`` are ratings: bool, same shape. No rating is 0, so nothing else is needed."""
    return values != NOT_RATED


def _chances(known: np.ndarray, share: float) -> np.ndarray:
    """How likely each film is rated: in proportion to how well it is known, at most 1, ``share`` on average."""
    low, high = 0.0, 1 / known.min()
    for _ in range(60):
        factor = (low + high) / 2
        low, high = (factor, high) if np.minimum(factor * known, 1).mean() < share else (low, factor)
    return np.minimum(high * known, 1)


def _genres(films: int) -> np.ndarray:
    """The main genre of each film: all equally often, one after the other."""
    return np.arange(films) * len(GENRES) // films
