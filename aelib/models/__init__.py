"""The variants; one file each, with a ``Config`` and a ``Model``. ``build`` in ``_base.py`` makes one."""
