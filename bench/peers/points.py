"""A plain Streamlit page: a title and a Plotly chart of points (``BENCH_POINTS`` names an NPZ with points, labels)."""

import os

import numpy as np
import plotly.graph_objects as go
import streamlit as st

st.set_page_config(layout="wide")
st.title("Points")
arrays = np.load(os.environ["BENCH_POINTS"])
points = arrays["points"]
marker = {"size": 4, "color": arrays["labels"], "colorscale": "Turbo"}
figure = go.Figure(go.Scattergl(x=points[:, 0], y=points[:, 1], mode="markers", marker=marker))
figure.update_layout(height=620, dragmode="pan", margin={"l": 0, "r": 0, "t": 0, "b": 0})
chart, _ = st.columns([2.6, 1.7])  # as wide as our map is in the same window
chart.plotly_chart(figure, key="points")
