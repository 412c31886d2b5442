"""Draw new items, see what they are near to, and take them away."""

import numpy as np
import streamlit as st

from aelib.drawing import as_pictures
from aelib.exchange.sample_sets import to_npz, to_zip
from aelib.latent.traversal import plane
from aelib.measures.copies import RULE
from ui import augment_form, cached, decoding, frame, pictures, sampling

PAIRS = 12  # new items beside their nearest training item
SIDE = 20  # of the plane

run_place, source_place, count_place = frame.bar("Generate", [2.4, 1.6, 1])
with run_place:
    run = frame.choose_run()
frame.need_decoder(run)
frame.need_items(run)
table, info, model = frame.codes_of(run), cached.info(run.id), frame.model_class(run)
wanted = sampling.choose(run, source_place, count_place)
drawn = sampling.draw(run, wanted)
judged = sampling.judge(run, drawn)
copies = None if isinstance(judged, str) else judged
images = as_pictures(drawn.items, info.low, info.high)
support = cached.support(run.id).share(drawn.latents)
st.caption(f"{frame.run_facts(run)} · {wanted.count} items {sampling.words(run, wanted)}")

sheet_place, side = st.columns([1.6, 1], gap="large")
with sheet_place:
    wide = int(np.ceil(np.sqrt(wanted.count))) if info.kind == "images" else 4
    sheet = pictures.sheet(images, max(24, 560 // wide), columns=wide)
    st.image(sheet, width="stretch", output_format="PNG", alt=f"{wanted.count} new items")
with side:
    near, far = st.columns(2)
    if not isinstance(judged, str):
        near.metric("Copies", f"{int(judged.is_copy.sum())} of {len(images)}", help=RULE)
    far.metric(
        "Median support",
        f"{np.median(support):.0%}",
        help="The share of the data that lies farther from its neighbours than the new codes do: low is off the data. "
        "A prior fills the quiet dimensions, too, where the data's codes all lie near 0: that alone makes it low.",
    )
    about = {"run": run.id, "seed": wanted.seed, "temperature": wanted.temperature}
    places = st.columns(2)
    places[0].download_button(
        "ZIP of PNGs", lambda: to_zip(drawn, info, about, copies), f"{run.id}-{wanted.seed}.zip", "application/zip",
        icon=":material/folder_zip:", on_click="ignore", width="stretch",
        help="Each item as a PNG, and manifest.json with its code, its nearest training item and the judgement",
    )  # fmt: skip
    places[1].download_button(
        "NPZ", lambda: to_npz(drawn, info), f"{run.id}-{wanted.seed}.npz", icon=":material/data_array:",
        on_click="ignore", width="stretch", help="Codes and pictures as arrays; Data can bring them back",
    )  # fmt: skip
    if isinstance(judged, str):
        st.caption(f":material/info: {judged}")
    else:
        st.caption(
            f"{RULE} Where a model draws soft, average items, they lie near to everything and some are called copies "
            "that are none: look at the pairs."
        )

if not isinstance(judged, str):
    st.markdown("**Is it a copy?** :small[new item, and the training item nearest to it; the nearest pairs first]")
    training, _ = cached.training_items(run.id)
    order = np.argsort(judged.shares + 1e-9 * judged.distances, kind="stable")[:PAIRS]
    rows = as_pictures(training.values[judged.rows[order]], info.low, info.high)
    columns = 6 if info.kind == "images" else 3
    for start in range(0, len(order), columns):
        for place, number in zip(st.columns(columns), range(start, min(start + columns, len(order))), strict=False):
            which = order[number]
            pair = np.stack([images[which], rows[number]])
            with place, st.container(border=True):
                side_by_side = 2 if info.kind == "images" else 1
                st.image(pictures.sheet(pair, 64, columns=side_by_side), width="stretch", output_format="PNG")
                flag = ":red-badge[copy] " if judged.is_copy[which] else ""
                st.caption(
                    f"{flag}item {judged.items[which]}, {judged.distances[which]:.2f} away: closer than "
                    f"{1 - judged.shares[which]:.0%} of training pairs"
                )

if table.codes.shape[1] == 2:
    how = "equal shares of the prior" if model.can_sample else "equal shares of the data, each way"
    st.markdown(f"**The whole plane** :small[decoded at {how}, {SIDE} × {SIDE}]")
    flat = plane(table.codes, SIDE, is_normal=model.can_sample).reshape(-1, 2)
    labels = np.full(len(flat), wanted.label or 0, np.int64)
    lattice = decoding.pictures_of(run.id, flat, labels).transpose(0, 3, 1, 2)
    st.image(pictures.sheet(lattice, 32, columns=SIDE), output_format="PNG", alt="the plane of the code")

effect_lines = augment_form.show(run)
frame.show_code(sampling.lines(run, wanted) + effect_lines)
