"""The launcher, and nothing else: ``streamlit run app.py``. The script is ``ui/shell.py``."""

from pathlib import Path

import streamlit as st

from ui.routes import routes
from ui.server import lifespan, middleware

app = st.App(Path(__file__).parent / "ui" / "shell.py", routes=routes, middleware=middleware, lifespan=lifespan)
