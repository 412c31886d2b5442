"""What is done to the input before the model sees it; one pure function per file.

Each file has a ``Config`` with a ``severity`` from 0 (nothing) to 1, and
``corrupt(items, config, generator) -> items`` of the same shape, dtype and device. Two axes are vectors, four are
pictures, which stay in [0, 1]; ``Config.serves`` says which of the two it takes.
"""
