"""``python -m aelib``."""

import sys

from aelib.cli import main
from aelib.device import compute_here

if __name__ == "__main__":
    compute_here()
    sys.exit(main())
