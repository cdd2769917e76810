"""Lets the tests of this folder import the scripts that make files, in tests/data."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))
