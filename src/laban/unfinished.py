"""The name of a file while it is being written, and what killed processes left under such names.

A folder of files that belong together has such a name too. ``NAME.HOST-PROCESS-before.part`` is
what an earlier process left and this one goes on with.
"""

import os
import platform
import re
import shutil
from pathlib import Path

__all__ = ["adopted", "is_running", "left_behind", "remove_unfinished", "unfinished"]

_HOST = platform.node().replace("/", "_")  # A process number means nothing on another machine.


def unfinished(path: Path) -> Path:
    """Where this process writes what is to become ``path``: ``NAME.HOST-PROCESS.part`` beside it.

    Such files of processes that are gone are removed: a process that is killed cannot do it.
    """
    for part, process in _parts(path):
        if not is_running(process):
            remove_unfinished(part)
    return path.with_name(f"{path.name}.{_HOST}-{os.getpid()}.part")


def left_behind(path: Path) -> list[Path]:
    """What was to become ``path``, of processes on this machine that are gone and of this one."""
    parts = _parts(path) if path.parent.is_dir() else []
    return [part for part, pid in parts if pid == os.getpid() or not is_running(pid)]


def adopted(part: Path, path: Path) -> Path:
    """Such a part as this process's own, under a name that `unfinished` does not give."""
    return part.replace(path.with_name(f"{path.name}.{_HOST}-{os.getpid()}-before.part"))


def _parts(path: Path) -> list[tuple[Path, int]]:
    """Everything that has a name of something unfinished, with its process."""
    name = re.compile(re.escape(f"{path.name}.{_HOST}-") + r"([0-9]{1,9})(?:-before)?\.part")
    found = ((part, name.fullmatch(part.name)) for part in path.parent.iterdir())
    return [(part, int(match[1])) for part, match in found if match]


def remove_unfinished(part: Path) -> None:
    """Take away a file or folder that did not become whole, if it is there."""
    if part.is_dir():
        shutil.rmtree(part)
    else:
        part.unlink(missing_ok=True)


def is_running(process: int) -> bool:
    """Whether there is a process of this number; where that cannot be asked, there is."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)  # Asks, and signals nothing.
    except ProcessLookupError:
        return False
    except OSError:  # It is there, and another user's.
        pass
    return True
