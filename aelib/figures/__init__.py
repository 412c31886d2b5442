"""Plotly figures and colours, from arrays."""
