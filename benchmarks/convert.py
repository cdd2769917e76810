"""How fast `laban convert ntu` is on many files, and whether its memory grows with their number.

    OMP_NUM_THREADS=1 python benchmarks/convert.py

Built-in recordings, some hundred genuine files, stand under as many valid names of NTU RGB+D as are
asked for (as links, so that they take no room; the file cache holds them all). Each conversion runs
in a process of its own, which tells its own time, whatever runs beside, and its peak memory
(resident set).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from laban.motions import write_dataset

NTU_120 = 113_945  # clips, after the ignored ones
MEASURED = """
import json, resource, sys, time
from laban.convert import convert
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
cpu = time.process_time()
value = convert("ntu", sys.argv[1], sys.argv[2]).value
value["cpu"] = time.process_time() - cpu
value["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps(value | {"before": before, "skipped": len(value["skipped"])}))
"""


def link_files(originals: list[Path], folder: Path, count: int) -> None:
    """As many files as asked for, with names of setups, cameras, performers and replications."""
    folder.mkdir()
    for number in range(count):
        rest, trial = divmod(number, 2)
        rest, camera = divmod(rest, 3)
        setup, performer = divmod(rest, 106)
        action = 1 + setup % 120
        name = f"S{1 + setup % 32:03}C{1 + camera:03}P{1 + performer:03}R{1 + trial:03}A{action:03}"
        os.link(originals[number % len(originals)], folder / f"{name}.skeleton")


def measured(folder: Path, store: Path) -> dict:
    """What a conversion in a fresh process says of itself."""
    words = [sys.executable, "-c", MEASURED, str(folder), str(store)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def main() -> None:
    """Makes the files, converts, prints a table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, nargs="+", default=[500, 2000, 4000])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_dataset(folder / "made", performers=range(1, 5))
        originals = sorted((folder / "made").iterdir())
        print("| files | text | clips/s | MB/s | peak memory | 113,945 clips |")
        print("| --- | --- | --- | --- | --- | --- |")
        for count in arguments.files:
            link_files(originals, folder / f"{count}", count)
            value = measured(folder / f"{count}", folder / f"{count}.arrow")
            assert value["clips"] == count and not value["skipped"]
            seconds, size = value["cpu"], value["source_bytes"] / 1e6
            print(
                f"| {count:,} | {size:,.0f} MB | {count / seconds:.0f} | {size / seconds:.0f} | "
                f"{value['peak'] / 1024:.0f} MB, {value['before'] / 1024:.0f} MB before it | "
                f"{NTU_120 / count * seconds / 60:.1f} min |",
                flush=True,
            )


if __name__ == "__main__":
    main()
