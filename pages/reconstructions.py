"""The worst, the best and the average reconstruction, with error maps, and by class."""

import numpy as np
import streamlit as st

from aelib.codes import reconstruct, targets
from aelib.drawing import as_pictures
from aelib.figures.charts import error_histogram
from aelib.measures.reconstruction import by_class
from ui import cached, frame, pictures, selected_only, state

MOST = 24

run_place, split_place, order_place, class_place = frame.bar("Reconstructions", [2.2, 1.3, 1, 1.2])
with run_place:
    run = frame.choose_run()
table, items, info = frame.codes_of(run), cached.items(run.id), cached.info(run.id)
with split_place:
    split = frame.choose_split(run)
with order_place:
    order = state.choose("Show", ["worst", "best", "random"], state.ORDER, "worst")
with class_place:
    only = state.choose("Class", ["every class", *info.classes], state.CLASS, "every class")

rows = selected_only.choose(run, table.rows(split))
if only != "every class":
    rows = rows[table.labels[rows] == info.classes.index(only)]
if not len(rows):
    among = "selected items" if state.address(state.ONLY) else f"{split} items"
    st.info(f"There are no items of class {only} among the {among}.", icon=":material/info:")
    st.stop()
errors = table.errors[rows]
picked = {
    "worst": np.argsort(-errors, kind="stable"),
    "best": np.argsort(errors, kind="stable"),
    "random": np.random.default_rng(0).permutation(len(rows)),
}[order][:MOST]
shown = rows[picked]

st.caption(
    f"{frame.run_facts(run)} · {len(rows):,} {'' if split == 'all' else split} items: mean squared error "
    f"**{errors.mean():.3f}**, median {np.median(errors):.3f}, worst {errors.max():.3f}"
)
labels = None if items.labels is None else items.labels[shown]
recon = reconstruct(cached.model(run.id), items.values[shown], labels)
maps = pictures.error_maps(info, recon, targets(cached.model(run.id), items.take(shown)))
drawn, redrawn = cached.pictures(run.id), as_pictures(recon, info.low, info.high)
worst_pixel = max(float(maps.max()), 1e-6)
gallery, side = st.columns([2.4, 1], gap="medium")
with gallery:
    for start in range(0, len(shown), 4):
        for place, number in zip(st.columns(4), range(start, min(start + 4, len(shown))), strict=False):
            row = int(shown[number])
            trio = np.stack(
                [
                    pictures.in_colour(drawn[row]),
                    pictures.in_colour(redrawn[number]),
                    pictures.heat(maps[number], worst_pixel),
                ]
            )
            name = info.classes[table.labels[row]] if 0 <= table.labels[row] < len(info.classes) else ""
            with place, st.container(border=True):
                st.image(pictures.sheet(trio, 64, columns=3), width="stretch", output_format="PNG")
                st.caption(f"item {table.index[row]}{f' · {name}' if name else ''} · error **{table.errors[row]:.2f}**")
    st.caption(f"Each: item, reconstruction, error. One scale for all error maps: brightest is {worst_pixel:.2f}.")
with side:
    st.markdown("**How the errors are spread**")
    st.plotly_chart(error_histogram(errors), key="errors", config={"displayModeBar": False})
    if info.classes:
        st.markdown("**By class** :small[worst mean first]")
        own = table.rows(split)
        found = by_class(table.errors[own], table.labels[own], info.classes)
        st.dataframe(
            [{"class": row.name, "items": row.count, "mean": row.mean, "median": row.median} for row in found],
            hide_index=True,
            column_config={key: st.column_config.NumberColumn(format="%.3f") for key in ("mean", "median")},
        )
frame.show_code(
    "from pathlib import Path\nimport numpy as np\nfrom aelib import codes\nfrom aelib.runs.folder import open_run\n\n"
    f'table = codes.of_run(open_run(Path("checkpoints"), "{run.id}"))\n'
    f'rows = table.rows("{split}")\n'
    "worst = rows[np.argsort(-table.errors[rows])]  # table.index[worst] are their numbers in the dataset\n"
)
