"""Codes to points; one file per method, with a ``Config``, ``QUICK`` and ``fit(codes, config) -> points``."""
