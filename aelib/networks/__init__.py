"""Encoder and decoder bodies; one file each, with a ``Config`` and ``build(config, info) -> Body``."""
