"""``python -m psychopy_nfb`` is the command ``psychopy-nfb``, where that is not on the path."""

import sys

from psychopy_nfb.cli import main

if __name__ == "__main__":
    sys.exit(main())
