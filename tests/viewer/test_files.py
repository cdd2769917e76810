"""What the page is made of: all of it in the package, and nothing of it from elsewhere."""

import re
import tomllib
from pathlib import Path

from laban.viewer.files import static_files

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "src/laban/viewer/static"


def test_every_file_is_in_the_wheel_and_short_enough_to_read():
    packed = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = packed["tool"]["setuptools"]["package-data"]["laban"]
    found = {path for pattern in patterns for path in (ROOT / "src/laban").glob(pattern)}
    for path in STATIC.rglob("*"):
        if not path.is_file():
            continue
        assert path in found, f"{path} is not packed"
        if path.parent == STATIC:
            assert len(path.read_text().splitlines()) <= 300, path


def test_no_file_of_ours_names_another_host_or_breaks_the_policy():
    for name, file in static_files().items():
        if name.startswith("three/"):
            continue
        text = file.content.decode()
        hosts = set(re.findall(r"(?:https?:)?//[\w.-]+\.[a-z]{2,}", text))
        assert hosts <= {"http://www.w3.org"}, name
        if name.endswith(".html"):
            assert not re.search(r"\son\w+=|<style|style=|<script(?![^>]*src=)", text), name


def test_what_a_file_asks_for_is_there():
    files = static_files()
    for name, file in files.items():
        text = file.content.decode()
        if name.endswith(".html"):
            asked = re.findall(r'(?:src|href)="/static/([^"]+)"', text)
        else:
            folder = name.rpartition("/")[0]
            asked = re.findall(r'(?:from\s*|import\s*)["\'](\.[^"\']+)["\']', text)
            asked = [str(Path(folder, one)) for one in asked]
        assert all(one in files for one in asked), (name, asked)
        if name == "main.js":
            assert len(asked) >= 8


def test_three_is_there_with_its_licence():
    assert "The MIT License" in (STATIC / "three/LICENSE").read_text()
    version = re.search(r"three\.js \d+\.(\d+)\.\d", (STATIC / "three/README.md").read_text())
    core = (STATIC / "three/three.core.min.js").read_text()
    assert f'"{version[1]}"' in core
