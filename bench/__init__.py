"""Measurements, one module per question: ``python -m bench.NAME [--quick] [--json]``."""
