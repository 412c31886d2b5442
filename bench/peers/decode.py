"""A plain Streamlit page that decodes: one slider per dimension and a picture (``BENCH_RUN`` names a run's folder)."""

import os
from pathlib import Path

import numpy as np
import streamlit as st
import torch

from aelib.runs.folder import Run
from aelib.runs.weights import load_model


@st.cache_resource
def model():
    """The run's model, once per server."""
    return load_model(Run(Path(os.environ["BENCH_RUN"])))


torch.set_num_threads(1)  # holds for the thread that says it, and each session has its own
st.title("Decode")
sliders, picture = st.columns(2)
with sliders:
    size = model().latent_dim
    code = [st.slider(f"z{number}", -3.0, 3.0, 0.0, 0.05, key=f"z{number}") for number in range(size)]
with torch.inference_mode():
    image = model().decode(torch.tensor([code])).numpy()[0].transpose(1, 2, 0)
picture.image(np.squeeze(image), clamp=True, width=320)
