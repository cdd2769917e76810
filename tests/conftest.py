"""What all tests share: where the real recordings are, and small made-up clips."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples every time: a red test must be red for the next person too.
settings.register_profile("laban", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("laban")


@pytest.fixture(scope="session")
def real_data() -> Callable[[str], Path]:
    """The path of a real archive by name; skips where it is absent."""
    folders = [Path(__file__).parents[1] / "../shared/data"]
    if "LABAN_DATA" in os.environ:
        folders.insert(0, Path(os.environ["LABAN_DATA"]))

    def find(name: str) -> Path:
        for folder in folders:
            if (folder / name).exists():
                return (folder / name).resolve()
        pytest.skip(f"{name} is in neither LABAN_DATA nor ../shared/data")

    return find
