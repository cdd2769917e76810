"""What a killed conversion leaves behind goes with the next one; what is being written stays."""

import os
import subprocess
import sys

import numpy as np

from laban.clip import Clip
from laban.skeletons import SKELETONS
from laban.store import Store
from laban.unfinished import unfinished

KILLED = """
import os, signal, sys
import numpy as np
from laban.clip import Clip
from laban.store import Store

def clips():
    yield Clip("c", np.ones((1, 9, 20, 3)), "kinect-v1")
    os.kill(os.getpid(), signal.SIGKILL)

Store.write(sys.argv[1], clips())
"""


def test_a_killed_conversion_is_cleaned_up_by_the_next(tmp_path):
    path = tmp_path / "s.arrow"
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert done.returncode == -9
    (left,) = tmp_path.iterdir()
    assert left.name.startswith("s.arrow.") and left.suffix == ".part"
    Store.write(path, [Clip("c", np.ones((1, 9, 20, 3)), SKELETONS["kinect-v1"])])
    assert [file.name for file in tmp_path.iterdir()] == ["s.arrow"]


def test_parts_of_living_processes_other_stores_and_other_machines_stay(tmp_path):
    own = unfinished(tmp_path / "s.arrow")
    gone = own.name.replace(f"-{os.getpid()}.", "-999999999.")
    others = ["t.arrow" + gone.removeprefix("s.arrow"), "s.arrow.elsewhere-999999999.part"]
    alive = own.name.replace(f"-{os.getpid()}.", f"-{os.getppid()}.")
    kept = {own.name, alive, *others, "s.arrow.1.part"}
    for name in (gone, *kept):
        (tmp_path / name).touch()
    assert unfinished(tmp_path / "s.arrow") == own
    assert {file.name for file in tmp_path.iterdir()} == {
        own.name,
        alive,
        *others,
        "s.arrow.1.part",
    }
