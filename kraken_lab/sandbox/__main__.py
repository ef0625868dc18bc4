"""``python -m kraken_lab.sandbox``."""

import sys

from kraken_lab.sandbox.program import main

if __name__ == "__main__":
    sys.exit(main())
