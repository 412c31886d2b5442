"""The one training loop (``loop.py``), its batches, its schedule and its figures on held-out items."""
