"""The files of the page, read once: an address names one of them or nothing.

three.js and its OrbitControls are beside them, with their licence, so that no other host is asked.
"""

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

__all__ = ["HEADERS", "StaticFile", "static_files"]

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""Sent with every answer: a page may load what this server has, and nothing else."""


@dataclass(frozen=True)
class StaticFile:
    """A file of the page."""

    content: bytes
    type: str
    tag: str


def static_files() -> dict[str, StaticFile]:
    """All of them by their path below ``static``, such as ``three/OrbitControls.js``."""
    found: dict[str, StaticFile] = {}

    def walk(folder: Traversable, before: str) -> None:
        for entry in folder.iterdir():
            if entry.is_dir():
                walk(entry, f"{before}{entry.name}/")
                continue
            kind = TYPES.get(f".{entry.name.rpartition('.')[2]}")
            if kind is not None:
                content = entry.read_bytes()
                tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
                found[before + entry.name] = StaticFile(content, kind, tag)

    walk(files("laban.viewer") / "static", "")
    return found
