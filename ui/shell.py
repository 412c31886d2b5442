"""The script: navigation over ``pages/*.py``, the frame around each page, and the net that catches our errors."""

import sys
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).parents[1]
if str(ROOT) not in sys.path:  # opened as a script (a test, `streamlit run`), only ui/ would be on the path
    sys.path.insert(0, str(ROOT))

from aelib.errors import AelibError  # noqa: E402
from ui import frame, warm  # noqa: E402

st.set_page_config(
    page_title="Latent Loupe", page_icon=str(ROOT / "ui" / "icon.svg"), layout="wide", initial_sidebar_state=220
)


def _page(name: str, icon: str, help_text: str, default: bool = False) -> st.Page:
    path = ROOT / "pages" / f"{name}.py"
    return st.Page(path, title=name.capitalize(), icon=f":material/{icon}:", help=help_text, default=default)


page = st.navigation(
    {
        "": [_page("home", "home", "What is here: your runs, and where to go next.", default=True)],
        "Make": [
            _page("data", "grid_view", "Look at a dataset, or bring a folder of your own pictures."),
            _page("train", "model_training", "Fill in a form, press Train, watch the model learn."),
        ],
        "Explore": [
            _page("map", "map", "Walk over the codes; decode the place under the cursor."),
            _page("decode", "tune", "Turn the dimensions of a code and see the picture answer."),
            _page("paths", "route", "Go from one code to another and watch what lies between."),
            _page("noise", "grain", "Disturb an input and see what the model keeps and what it loses."),
            _page("generate", "auto_awesome", "Draw new items, see whether they are copies, and take them away."),
            _page("draw", "draw", "Draw an item; reconstruction, place and neighbours follow the pen."),
        ],
        "Judge": [_page("reconstructions", "compare", "The worst, the best and the average reconstruction, by class.")],
    }
)

st.logo(str(ROOT / "ui" / "logo.svg"), size="large", icon_image=str(ROOT / "ui" / "icon.svg"))
st.html(ROOT / "ui" / "shell.css")

try:
    page.run()
except AelibError as error:
    st.error(str(error), icon=":material/error:")

with st.sidebar:
    frame.running_work()
warm.in_background()
