"""``python -m aelib``."""

import sys

from aelib.cli import main

if __name__ == "__main__":
    sys.exit(main())
