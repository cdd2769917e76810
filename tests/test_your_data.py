"""docs/your-data.md is true: every block of it runs, in order."""

import re
import shlex
from pathlib import Path

from laban.cli import main
from laban.store import Store

PAGE = (Path(__file__).parents[1] / "docs/your-data.md").read_text()
FINDINGS = PAGE[PAGE.index("| the finding |") :].split("\n\n")[0]
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def run(line: str) -> None:
    command, *words = shlex.split(line)
    assert command == "laban"
    if "--help" in words:
        return
    assert main(words) == 0, line


def test_the_page_from_csv_files_to_a_trained_model(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert {kind for kind, _ in BLOCKS} == {"python", "yaml", "sh"}
    for kind, text in BLOCKS:
        if kind == "python":
            exec(text, {})  # noqa: S102 - our own page
        elif kind == "yaml":
            Path(text.splitlines()[0].removeprefix("# ")).write_text(text)
        else:
            for line in text.splitlines():
                run(line)
    said = capsys.readouterr().out
    assert len(Store("gym.arrow")) == 64 and "nothing looks wrong" in said
    assert float(re.findall(r"top-1: ([\d.]+) %", said)[-1]) > 90
    assert "s4_048: wave" in said
    assert Path("wave.png").stat().st_size and len(Store("memory.arrow")) == 1


def test_every_format_and_key_on_the_page_exists():
    from laban.readers import READERS
    from laban.readers.table_layout import _KEYS
    from laban.skeletons import SKELETONS

    formats = set(re.findall(r"laban convert ([a-z]+)", PAGE))
    assert formats == {"table", "openpose", "mediapipe", "bvh", "pyskl"} and formats <= set(READERS)
    for word in re.findall(r"`(kinect-v\d|openpose-\d+|coco-\d+|mediapipe-\d+|hand-\d+)`", PAGE):
        assert word in SKELETONS
    for text in re.findall(r"\| `(.*?)`", PAGE.replace(FINDINGS, "")):
        key, _, value = text.partition(": ")
        assert key in _KEYS and value, text


def test_every_finding_of_the_doctor_is_on_the_page():
    from laban.health import REMEDIES

    assert sorted(re.findall(r"`([a-z-]+)`", FINDINGS)) == sorted(REMEDIES)
