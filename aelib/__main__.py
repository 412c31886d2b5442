"""``python -m aelib``."""

import sys

from aelib.cli import main
from aelib.device import wait_briefly

if __name__ == "__main__":
    wait_briefly()
    sys.exit(main())
