"""Everything between the pages and the library: the only package besides ``pages`` that imports Streamlit."""

import os

# Before NumPy is loaded, and SciPy with a BLAS of its own: OpenBLAS wakes a thread per core for small products and lets
# it spin. Beside other work that made a search of 0.08 s one of 1.5 s, and single answers of 50 ms. ``putenv`` leaves
# ``os.environ`` as it is, so that workers, which get a copy of that, keep all their threads.
if "OPENBLAS_NUM_THREADS" not in os.environ:
    os.putenv("OPENBLAS_NUM_THREADS", "1")
