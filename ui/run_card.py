"""A run as a card: its strip of reconstructions, what it is, how good it is, and what can be done with it."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from aelib.errors import AelibError
from aelib.jobs import queue, stopping
from aelib.jobs.permission import is_demo
from aelib.runs.folder import Run
from ui import frame, run_actions, state


def matches(run: Run, words: str, states: Sequence[str]) -> bool:
    """Whether a card passes the filter; a broken folder passes the empty one."""
    try:
        text = f"{run.id} {frame.run_title(run)} {run.queue().get('note', '')}".lower()
        return all(word in text for word in words.split()) and (not states or run.status()["state"] in states)
    except AelibError:
        return not words and not states


def draw(run: Run) -> None:
    """One card; a folder with a broken file says so in its place."""
    with st.container(border=True):
        try:
            _draw(run)
        except AelibError as error:
            st.markdown(f"**{run.id}** {frame.badge('broken')}")
            st.caption(f"{error} Delete it, or put the file back.")
            if not is_demo():
                _delete_button(run)


def offer_undo() -> None:
    """After a deletion: say what went, and offer it back."""
    trashed = state.get(state.DELETED)
    if trashed is None:
        return
    said, button = st.columns([5, 1])
    said.info(f"{trashed.name.partition('~')[0]} is in the trash folder.", icon=":material/delete:")
    if button.button("Undo", width="stretch"):
        state.drop(state.DELETED)
        run_actions.act(lambda: queue.restore(trashed))


def _draw(run: Run) -> None:
    status, raw = run.status(), run.raw_config
    st.markdown(f"**{plain(frame.run_title(run))}** {frame.badge('imported' if run.is_imported else status['state'])}")
    previews = run.previews()
    if previews:
        caption = "some of its items" if run.is_imported else f"from above: {frame.strip_rows(run)}"
        st.image(str(previews[-1]), width="stretch", caption=caption)
    else:
        st.caption("No picture yet: the first epoch has not ended.")
    if run.is_imported:
        notes = raw["dataset"].get("notes", [])
        st.caption(frame.run_facts(run), help="\n\n".join(plain(str(note)) for note in notes) or None)
    else:
        _training_facts(status, raw)
    if status.get("problem"):
        st.warning(status["problem"])
    if said := stopping.silence(run):
        st.warning(said, icon=":material/hourglass_disabled:")
    if status["state"] == "interrupted" and run.queue().get("automatic", 0) >= queue.AUTOMATIC:
        st.caption(f"Cut off, and resumed by itself {queue.AUTOMATIC} times: now it waits for you.")
    if note := run.queue().get("note"):
        st.caption(plain(note))
    _buttons(run)


def _training_facts(status: dict[str, Any], raw: dict[str, Any]) -> None:
    error, test = status.get("validation_error"), status.get("test_error")
    facts = [f"{raw['network']['name']}", f"epoch {status.get('epoch', 0)} of {status.get('epochs', '?')}"]
    facts += [f"validation error **{error:.2f}**"] if error is not None else []
    st.caption(" · ".join(facts), help=None if test is None else f"Test error {test:.3f}; squared error per item")


def _buttons(run: Run) -> None:
    places = st.container(horizontal=True, gap="small")
    has_weights = frame.has_weights(run)
    target = "../pages/map.py" if has_weights else "../pages/train.py"
    if places.button("Open map" if has_weights else "Watch", key=f"open-{run.id}", type="primary"):
        st.switch_page(target, query_params={state.RUN if has_weights else state.WATCH: run.id})
    if not run.is_imported and places.button("Train like this", key=f"like-{run.id}"):
        st.switch_page("../pages/train.py", query_params={state.CLONE: run.id})
    if is_demo():
        return
    with places.popover("", icon=":material/more_horiz:", help="Rename, note, delete"):
        known = run.queue()
        name = st.text_input("Name", known.get("name", ""), max_chars=120, key=f"name-{run.id}")
        note = st.text_area("Note", known.get("note", ""), max_chars=2000, key=f"note-{run.id}")
        if st.button("Save", key=f"save-{run.id}"):
            run_actions.act(lambda: queue.describe(run, name or "", note or ""))
        st.caption(f"`{run.id}`")
        _delete_button(run)


def _delete_button(run: Run) -> None:
    if st.button("Delete", key=f"delete-{run.id}", icon=":material/delete:"):
        try:
            state.put(state.DELETED, queue.delete(run))
        except AelibError as error:  # it trains, or the folder is read-only
            st.error(str(error), icon=":material/error:")
        else:
            st.rerun()


def plain(text: str) -> str:
    """A user's words inside Markdown, with nothing of them read as markup."""
    return "".join(f"\\{letter}" if letter in r"\`*_{}[]()#+-.!|<>:$~" else letter for letter in text)
