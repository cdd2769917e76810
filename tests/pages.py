"""The pages of docs/ as what they are made of: blocks of code, commands, links and headings."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)


def blocks(text: str) -> list[tuple[str, str]]:
    """The fenced blocks of a page: (language, text), without what indents them."""
    return [
        (kind, re.sub(f"^{indent}", "", body, flags=re.MULTILINE))
        for indent, kind, body in _BLOCK.findall(text)
    ]


def prose(text: str) -> str:
    """A page without its blocks, fenced or indented."""
    return re.sub(r"^( {4}| {8}).*$", "", _BLOCK.sub("", text), flags=re.MULTILINE)


def commands(text: str) -> list[str]:
    """Every ``laban ...`` line of a page: of its blocks, and whole ones within its sentences."""
    lines = re.findall(r"^ *(laban [^`]+?)$", text.replace("\\\n", " "), re.MULTILINE)
    said = re.findall(r"`(laban [a-z-]+ [^`[]+?)`", re.sub(r"\s+", " ", prose(text)))
    lines += [line for line in said if len(line.split()) > 4]  # shorter: a part of a command
    return [line.strip() for line in lines if "..." not in line]


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as its builder makes them."""
    found = set()
    for heading in re.findall(r"^#+ (.*)$", _BLOCK.sub("", text), re.MULTILINE):
        plain = re.sub(r"[^\w\s-]", "", heading.encode("ascii", "ignore").decode()).strip()
        found.add(re.sub(r"[-\s]+", "-", plain.lower()))
    return found
