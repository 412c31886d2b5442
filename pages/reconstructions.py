"""The worst, the best and the average reconstruction, with error maps, and by class; the task, where there is one."""

import numpy as np
import streamlit as st

from aelib.figures.charts import error_histogram
from aelib.measures.reconstruction import by_class
from ui import cached, frame, judging, pictures, run_measures, selected_only, state

MOST = 24

run_place, split_place, order_place, class_place, input_place = frame.bar("Reconstructions", [2, 1.2, 1, 1.2, 1.5])
with run_place:
    run = frame.choose_run()
frame.need_encoder(run)
table, info = frame.codes_of(run), cached.info(run.id)
with split_place:
    split = frame.choose_split(run)
with input_place:
    given = judging.choose_input(run)
with order_place:
    order = state.choose("Show", ["worst", "best", "random"], state.ORDER, "worst")
with class_place:
    only = state.choose("Class", ["every class", *info.classes], state.CLASS, "every class")

everything = judged = judging.judge(run, split, given)
judged = judged.take(np.isin(judged.rows, selected_only.choose(run, judged.rows)))
if only != "every class":
    judged = judged.take(table.labels[judged.rows] == info.classes.index(only))
if not len(judged.rows):
    among = "selected items" if state.address(state.ONLY) else f"{split} items"
    st.info(f"There are no items of class {only} among the {among}.", icon=":material/info:")
    st.stop()
picked = {
    "worst": np.argsort(-judged.errors, kind="stable"),
    "best": np.argsort(judged.errors, kind="stable"),
    "random": np.random.default_rng(0).permutation(len(judged.rows)),
}[order][:MOST]
shown = judged.take(picked)

st.caption(
    f"{frame.run_facts(run)} · {len(judged.rows):,} {'' if split == 'all' else split} items: {judging.summary(judged)}"
)
strips, names, worst_pixel = judging.sheets(run, shown.rows, given)
gallery, side = st.columns([2.4, 1], gap="medium")
with gallery:
    bars = info.kind == "vectors"  # long and low: one above the other
    wide = 2 if bars else 4 if len(names) == 3 else 3
    for start in range(0, len(strips), wide):
        for place, number in zip(st.columns(wide), range(start, min(start + wide, len(strips))), strict=False):
            label = table.labels[shown.rows[number]]
            name = f" · {info.classes[label]}" if 0 <= label < len(info.classes) else ""
            with place, st.container(border=True):
                sheet = pictures.sheet(strips[number], 64, columns=1 if bars else len(names))
                st.image(sheet, width="stretch", output_format="PNG")
                item = table.index[shown.rows[number]]
                st.caption(f"item {item}{name} · {judging.words(shown, number)}")
    st.caption(f"Each: {', '.join(names)}. One scale for all error maps: brightest is {worst_pixel:.2f}.")
with side:
    st.markdown("**How the errors are spread**")
    st.plotly_chart(error_histogram(judged.errors), key="errors", config={"displayModeBar": False})
    if info.classes:
        st.markdown("**By class** :small[worst mean first]")
        found = by_class(everything.errors, table.labels[everything.rows], info.classes)
        st.dataframe(
            [{"class": row.name, "items": row.count, "mean": row.mean, "median": row.median} for row in found],
            hide_index=True,
            column_config={key: st.column_config.NumberColumn(format="%.3f") for key in ("mean", "median")},
        )
    st.markdown("**Measures** :small[on test items, when you ask]")
    run_measures.draw(run)
frame.show_code(
    "from pathlib import Path\nimport numpy as np\nfrom aelib import codes\nfrom aelib.runs.folder import open_run\n\n"
    f'table = codes.of_run(open_run(Path("checkpoints"), "{run.id}"))\n'
    f'rows = table.rows("{split}")\n'
    "worst = rows[np.argsort(-table.errors[rows])]  # table.index[worst] are their numbers in the dataset\n"
    if given == judging.CLEAN
    else "from pathlib import Path\nfrom aelib.measures.of_run import held_out_items\n"
    "from aelib.measures.task import judge\nfrom aelib.runs.folder import open_run\n"
    "from aelib.runs.weights import load_model\n\n"
    f'run = open_run(Path("checkpoints"), "{run.id}")\nitems, config = held_out_items(run, 500), run.config()\n'
    "task = judge(load_model(run), items, config.corruptions, config.training.seed)  # task.before, task.after\n"
)
