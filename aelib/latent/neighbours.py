"""Nearest codes by plain distance; the search itself lies before the projections, which need it too."""

from aelib.projections._neighbours import CHUNK, SPARE, nearest, others

__all__ = ["CHUNK", "SPARE", "nearest", "others"]
