"""aelib: a small PyTorch autoencoder library; the engine of Latent Loupe.

Data flows one way, and the modules read in that order:

    dataset ─ images ─▶ corruption ─ inputs, targets ─▶ model ─▶ loss ─▶ training ─▶ run folder
                                                                                       │
    page ◀─ figure / component ◀─ points ◀─ projection ◀─ codes ◀──────── load ◀───────┘

Importing this package imports nothing heavy: torch is loaded by the first call that needs it.
"""

__version__ = "0.1.0"
