"""Everything between the pages and the library: the only package besides ``pages`` that imports Streamlit."""
