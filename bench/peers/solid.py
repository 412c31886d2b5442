"""A page with our 3-D chart alone: ``BENCH_COUNT`` of the points in ``BENCH_POINTS`` (an NPZ: points, labels)."""

import os

import numpy as np
import streamlit as st

from aelib.figures.solid import points_in_space

st.set_page_config(layout="wide")
arrays = np.load(os.environ["BENCH_POINTS"])
points, labels = arrays["points"], arrays["labels"]
rows = np.linspace(0, len(points) - 1, min(len(points), int(os.environ["BENCH_COUNT"]))).astype(int)
height = np.random.default_rng(0).normal(scale=points.std(), size=len(points))  # the third coordinate is made up
solid = np.column_stack([points, height])[rows].astype(np.float32)
classes = tuple(str(number) for number in range(int(labels.max()) + 1))
hover = [f"item {row}" for row in rows]
chart, _ = st.columns([2.6, 1.7])
chart.plotly_chart(points_in_space(solid, rows, hover, labels=labels[rows], classes=classes), key="solid")
