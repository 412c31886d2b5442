"""Everything done to codes: neighbours, support, paths, blends. NumPy only, so that pages answer at once."""
