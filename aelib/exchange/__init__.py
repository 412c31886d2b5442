"""Bring in and take out: datasets, models, codes, reports."""
