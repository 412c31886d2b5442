"""What is done to the input before the model sees it; one pure function per file.

Each file has a ``Config`` with a ``severity`` from 0 (nothing) to 1, and
``corrupt(images, config, generator) -> images`` of the same shape, dtype and device, in [0, 1].
"""
