"""The name of a file while it is being written, and what killed processes left under such names.

A folder of files that belong together has such a name too.
"""

import os
import platform
import re
import shutil
from pathlib import Path

__all__ = ["remove_unfinished", "unfinished"]

_HOST = platform.node().replace("/", "_")  # A process number means nothing on another machine.


def unfinished(path: Path) -> Path:
    """Where this process writes what is to become ``path``: ``NAME.HOST-PROCESS.part`` beside it.

    Such files of processes that are gone are removed: a process that is killed cannot do it.
    """
    name = re.compile(re.escape(f"{path.name}.{_HOST}-") + r"([0-9]{1,9})\.part")
    for part in path.parent.iterdir():
        found = name.fullmatch(part.name)
        if found and not _is_running(int(found[1])):
            remove_unfinished(part)
    return path.with_name(f"{path.name}.{_HOST}-{os.getpid()}.part")


def remove_unfinished(part: Path) -> None:
    """Take away a file or folder that did not become whole, if it is there."""
    if part.is_dir():
        shutil.rmtree(part)
    else:
        part.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
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
