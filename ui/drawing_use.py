"""Where a drawing can go from here: the other labs, with the drawing or its code."""

import numpy as np
import streamlit as st

from aelib.codes import CodeTable
from aelib.latent.neighbours import nearest
from aelib.runs.folder import Run
from ui import cached, disturb, drawn, frame, small_map, state


def code_of(run_id: str, picture: str, way: str, label: int) -> np.ndarray:
    """The code (latent_dim,) of a kept drawing, for a conditional model as an item of this class."""
    import torch

    model, item = cached.model(run_id), drawn.item(run_id, picture, way)
    labels = torch.tensor([disturb.given_label(run_id, label)]) if model.needs_labels else None
    with torch.inference_mode():
        return model.encode(torch.from_numpy(item[None].astype(np.float32) / 255), labels).codes.numpy()[0]


def links(run: Run, table: CodeTable, picture: str, way: str, label: int) -> None:
    """Buttons that open the drawing on the other pages; what a model cannot do is left out and said."""
    model = frame.model_class(run)
    walks = model.can_decode and model.code_shape != "grid"
    here, code = {state.RUN: run.id}, code_of(run.id, picture, way, label)
    near = str(table.index[nearest(code[None], table.codes, 1)[0][0, 0]])
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("**Use it in**", width="content")
        if st.button("Noise", icon=":material/grain:", help="Disturb the drawing"):
            _go("noise", here | {state.SOURCE: "drawing", state.DRAWING: picture, state.WAY: way})
        if walks and st.button("Decode", icon=":material/tune:", help="Turn the dimensions of its code"):
            _go("decode", here | {state.CODE: ",".join(f"{value:.5g}" for value in code)})
        if st.button("Map", icon=":material/map:", help="Its place on the map"):
            x, y = small_map.placed(run.id, code[None])[0]
            spot = {state.GROUND: f"{x:.6g},{y:.6g}"} if walks else {state.PICK: near}
            _go("map", here | {state.METHOD: small_map.projection(run.id).name} | spot)
        if walks and st.button("Paths", icon=":material/route:", help="A path from the drawing"):
            state.put("choose-a", "drawing")
            _go("paths", here | {"a": "drawing", state.DRAWING: picture, state.WAY: way})
        if not walks:
            st.caption("Nothing is drawn from a code of this model: Decode and Paths need one that does.")


def _go(page: str, address: dict[str, str]) -> None:
    st.switch_page(f"../pages/{page}.py", query_params=address)


def lines(run_id: str, picture: str, way: str, label: int) -> str:
    """The library's lines for the drawing, its reconstruction and its nearest items."""
    labels = f", torch.tensor([{disturb.given_label(run_id, label)}])" if cached.model(run_id).needs_labels else ""
    return (
        "from pathlib import Path\nimport torch\nfrom aelib import codes\n"
        "from aelib.latent.neighbours import nearest\n"
        "from aelib.runs.folder import open_run\nfrom aelib.runs.weights import load_model\n\n"
        f'run = open_run(Path("checkpoints"), "{run_id}")\nmodel = load_model(run)\n'
        f"{drawn.lines(run_id, picture, way)}"
        f"recon = model.reconstruct(clean{labels})\n"
        f"code = model.encode(clean{labels}).codes.detach().numpy()\n"
        "rows, distances = nearest(code, codes.of_run(run).codes, 8)\n"
    )
