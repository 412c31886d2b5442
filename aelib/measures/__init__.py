"""Figures about codes, maps and reconstructions; one file per question."""
