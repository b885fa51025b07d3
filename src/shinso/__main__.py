"""`python -m shinso` and, under torchrun, `torchrun ... -m shinso train ...`."""

import sys

from shinso.cli import main

if __name__ == "__main__":
    sys.exit(main())
