"""What is here: a card per run, and the ways on."""

import streamlit as st

from aelib.runs.folder import STATES, default_checkpoints, list_runs
from ui import frame, run_actions, run_card, state

frame.bar("Latent Loupe", [4])
st.caption("A magnifying glass for latent spaces: train an autoencoder, walk over its codes, decode any place between.")

run_actions.say_demo()
runs = list_runs(default_checkpoints())
run_card.offer_undo()
if not runs:
    st.markdown("#### Nothing here yet")
    st.markdown(
        "1. **Train** a model: press one button, it takes seconds on the built-in digits.\n"
        "2. Open its **Map**: every point is an item, its place is its code.\n"
        "3. Click between the points: the decoder draws what lies there."
    )
    if st.button("Train a first model", type="primary", icon=":material/model_training:"):
        st.switch_page("../pages/train.py")
    st.stop()

words_place, state_place, _ = st.columns([2, 2, 3])
words = words_place.text_input("Filter", key="find", bind="query-params", placeholder="name, model, dataset").lower()
wanted = state_place.multiselect("State", STATES, key="state", bind="query-params", placeholder="all states")
shown = [run for run in runs if run_card.matches(run, words, wanted)]
if not shown:
    st.info(f"None of the {len(runs)} runs matches this filter.", icon=":material/filter_alt_off:")

for start in range(0, len(shown), 3):
    for place, run in zip(st.columns(3), shown[start : start + 3], strict=False):
        with place:
            run_card.draw(run)

st.caption(f"{len(shown)} of {len(runs)} runs in `{default_checkpoints()}`")
state.drop(state.NONCE)
