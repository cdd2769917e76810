"""The site: every page in its navigation, every link and command true, nothing from elsewhere."""

import os
import re
import shlex
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec

import pytest
import yaml

from laban import config
from laban.arguments import signature_parser
from laban.cli import COMMANDS
from laban.commands import evaluation_parser
from tests.pages import DOCS, PAGES, ROOT, anchors, commands, prose

NAMES = [str(page.relative_to(DOCS)) for page in PAGES]
every_page = pytest.mark.parametrize("page", PAGES, ids=NAMES)
LINES = sorted({line for page in PAGES for line in commands(page.read_text())})
SYSTEMS = {
    "dsta-net": ["dsta-net-ntu"],
    "st-tr": ["st-tr-ntu"],
    "stst": ["stst-ntu", "stst-shrec17-official", "stst-5-ps-pc-pt"],
    "hi-trs": ["hi-trs-ntu", "hi-trs-hierarchy-ntu"],
    "pstl": ["pstl-ntu"],
}


def settings():
    return yaml.safe_load((ROOT / "mkdocs.yml").read_text())


def entries(nav):
    """The files of a navigation, whatever its depth."""
    for entry in nav:
        for value in entry.values():
            yield from [value] if isinstance(value, str) else entries(value)


def test_every_page_is_in_the_navigation_once():
    assert sorted(entries(settings()["nav"])) == NAMES


@every_page
def test_links_lead_somewhere(page):
    text = page.read_text()
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"\n", " ", prose(text))):
        if target.startswith("https://") or target.startswith("http://"):
            continue
        path, _, anchor = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        assert other.is_file(), target
        if anchor:
            assert anchor in anchors(other.read_text()), target


def test_links_of_the_readme_lead_somewhere():
    for target in re.findall(r"\]\((?!http)([^)\s]+)\)", (ROOT / "README.md").read_text()):
        path, _, anchor = target.partition("#")
        assert (ROOT / path).is_file(), target
        assert not anchor or anchor in anchors((ROOT / path).read_text()), target


@every_page
def test_lists_stand_apart_from_what_is_above_them(page):
    """Else the builder, other than a code host, reads them as one sentence."""
    lines = page.read_text().splitlines()
    for above, line in zip(lines, lines[1:], strict=False):
        if re.match(r"- |\d+\. ", line) and above.strip():
            assert re.match(r" *(- |\d+\. )| +\S", above), line


@every_page
def test_the_code_that_a_page_names_is_there(page):
    for path in re.findall(r"`((?:src|tests|benchmarks)/[\w/.-]+)`", page.read_text()):
        made_on_the_page = page.parent.name == "extend"
        there = (ROOT / path).exists() or (ROOT / "src/laban" / path).exists()
        assert there or made_on_the_page or "NAME" in path, path


def understood(line):
    """Raises where a command line is not one."""
    _, name, *rest = (word for word in shlex.split(line) if word != "--json")
    module, function, _ = COMMANDS[name]
    if "--help" in rest:
        return
    if name in ("train", "pretrain"):
        recipe, *rest = rest
        place = rest.index("--data")
        del rest[place : place + 2]
        if "--out" in rest:
            place = rest.index("--out")
            del rest[place : place + 2]
        rest = [word for word in rest if word != "--resume"]
        if not recipe.endswith(".yaml"):  # a file of the page, run by the page's own test
            config.resolve(config.load_recipe(recipe), rest)
    elif name == "evaluate":
        evaluation_parser(rest).parse_args(rest)
    else:
        signature_parser(name, getattr(import_module(module), function)).parse_args(rest)


@pytest.mark.parametrize("line", LINES)
def test_every_command_line_is_understood(line):
    understood(line)


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_system_s_page_names_all_its_tables_and_options_that_exist(system):
    text = (DOCS / f"systems/{system}.md").read_text()
    rows = {name: config.table_row(name) for name in config.recipe_names()}
    rows = {name: row for name, row in rows.items() if row.get("paper") == system}
    tables = {row["table"] for row in rows.values()}
    assert set(re.findall(r"^\| ((?:Table|Figure) \d+) \|", text, re.MULTILINE)) == tables
    for number, prefix in re.findall(r"^\| Table (\d+) \| `([\w-]+?)(?:\.\.\.)?`", text, re.M):
        assert prefix.startswith(f"{system}-{number}-")
        assert any(name.startswith(prefix) for name in rows), prefix
    options = re.findall(r"--(?:encoder|pipeline|objective|training)\.[^`|)]+?(?=`|\)| --)", text)
    for option in options:
        assert any(_takes(recipe, shlex.split(option)) for recipe in SYSTEMS[system]), option


def _takes(recipe, words):
    try:
        config.resolve(config.load_recipe(recipe), words)
    except config.LabanError:
        return False
    return True


def test_the_protocols_and_benchmarks_page_names_all():
    from laban.benchmarks import BENCHMARKS
    from laban.protocols import PROTOCOLS
    from laban.streams import STREAMS

    text = (DOCS / "protocols.md").read_text()
    assert set(PROTOCOLS) <= set(re.findall(r"`([a-z-]+)`", text))
    folds = {name.partition(":")[0] for name in BENCHMARKS}
    assert folds <= set(re.findall(r"`([a-z0-9-]+)", text))
    assert set(STREAMS) <= set(re.findall(r"`([a-z+-]+)`", (DOCS / "index.md").read_text()))


def test_the_site_is_built_without_a_warning_and_takes_nothing_from_elsewhere(tmp_path):
    if find_spec("mkdocs") is None:
        pytest.skip("mkdocs is not installed: pip install 'laban[docs]'")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    closed = {f"{kind}_proxy": "http://127.0.0.1:9" for kind in ("http", "https", "all")}
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | closed, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    built = sorted(tmp_path.rglob("*.html"))
    assert {str(page.relative_to(tmp_path)) for page in built} >= {
        name.replace(".md", ".html") for name in NAMES
    }
    fetched = r"<(?:script|img|link|iframe|source)\b[^>]*?(?:src|href)=\"?((?:https?:)?//[^\" >]+)"
    for page in built:
        assert not re.findall(fetched, page.read_text()), page.name
    for sheet in tmp_path.rglob("*.css"):
        assert not re.findall(r"url\([\"']?(?:https?:)?//", sheet.read_text()), sheet.name
