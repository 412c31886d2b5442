"""The rows of ``bench.published``: one file per family of figures, over the library's public calls."""
