"""``python -m aelib``."""

import os
import sys

from aelib.cli import main

if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch: waiting threads sleep, an app may run beside us
    sys.exit(main())
