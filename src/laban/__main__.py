"""``python -m laban``: the same as the command."""

import sys

from laban.cli import main

sys.exit(main())
