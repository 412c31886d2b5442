"""Items to learn from; one file per dataset, each with a ``Config`` and ``load(config) -> Dataset``."""
