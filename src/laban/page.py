"""The pieces of a report's page: plain HTML and one style sheet, no script, no other host.

Every function escapes the text that it is given; only what is called markup goes in as it is.
"""

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from laban.plotting import PALETTE

__all__ = [
    "bars",
    "details",
    "drawing",
    "facts",
    "numbers",
    "page",
    "paragraph",
    "picture",
    "section",
    "table",
    "title",
]

_DARK: dict[str, str] = {
    "ink": "#e4e8ed",
    "muted": "#98a3b0",
    "line": "#2c343e",
    "blue": "#6aa5e3",
    "orange": "#e58a5c",
    "green": "#62bf8e",
    "violet": "#b094e0",
    "sand": "#d3b45c",
}

_STYLE = """
* { box-sizing: border-box }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100% }
body { margin: 0; background: var(--ground); color: var(--ink); line-height: 1.55;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  font-size: 1rem; font-variant-numeric: tabular-nums }
main { max-width: 60rem; margin: 0 auto; padding: 4rem 1.5rem 6rem }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0; letter-spacing: -.015em }
h2 { font-size: 1.15rem; margin: 0 0 .4rem; letter-spacing: -.005em }
p { margin: 0 0 1rem; max-width: 44rem }
.lead, figcaption, .muted { color: var(--muted) }
.warning { color: var(--orange) }
.lead { margin: .5rem 0 0 }
section { margin-top: 4rem }
.numbers { display: flex; flex-wrap: wrap; gap: 1.5rem 3.5rem; margin: 2.5rem 0 }
.numbers strong { display: block; font-size: 2.3rem; line-height: 1.1; font-weight: 600;
  letter-spacing: -.02em }
.numbers span { color: var(--muted); font-size: .9rem }
dl { display: grid; grid-template-columns: 9rem 1fr; gap: .35rem 1.5rem; margin: 0;
  font-size: .95rem }
dt { color: var(--muted) }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere }
dd span { display: inline-block; max-width: 100% }
code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: .86em }
pre { overflow-x: auto; padding: 1rem 1.25rem; border: 1px solid var(--line);
  border-radius: .5rem; line-height: 1.5 }
figure { margin: 1.5rem 0 0 }
figcaption { font-size: .9rem; margin-top: .6rem; max-width: 44rem }
.scroll { overflow-x: auto }
.scroll > svg { min-width: 38rem }
svg { display: block; width: 100%; height: auto; overflow: visible }
svg text { font-family: inherit !important }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr));
  gap: 1rem 2.5rem }
.picture { background: #fff; border: 1px solid var(--line); border-radius: .5rem;
  overflow: hidden; overflow-x: auto }
.picture img { display: block; width: 100%; height: auto }
.picture.small { width: 18rem; max-width: 100% }
.picture.wide img { min-width: 34rem }
table { border-collapse: collapse; width: 100%; font-size: .95rem }
th { color: var(--muted); font-weight: 400; text-align: left; font-size: .85rem }
th, td { padding: .38rem 1.25rem .38rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere }
th.n, td.n { text-align: right; white-space: nowrap }
th:last-child, td:last-child { padding-right: 0 }
.bars { margin: 1rem 0 0; padding: 0; list-style: none; columns: 2; column-gap: 3rem;
  font-size: .9rem }
.bars.few { columns: 1; max-width: 44rem }
.bars li { display: grid; grid-template-columns: minmax(0, 11rem) 1fr 5.5rem; gap: .75rem;
  align-items: center; padding: .16rem 0; break-inside: avoid }
.bars .name { overflow-wrap: anywhere; line-height: 1.25 }
.bars .track { height: .55rem; background: var(--track); border-radius: .15rem }
.bars .fill { display: block; height: 100%; background: var(--blue); border-radius: .15rem }
.bars .value { text-align: right; white-space: nowrap }
details { margin-top: 1.5rem }
summary { cursor: pointer }
@media (max-width: 40rem) {
  main { padding: 2rem 1.1rem 4rem }
  section { margin-top: 3rem }
  .numbers { gap: 1.25rem 2.25rem }
  .numbers strong { font-size: 1.8rem }
  dl { grid-template-columns: 1fr; gap: 0 }
  dd { margin-bottom: .6rem }
  .bars { columns: 1 }
  .bars li { grid-template-columns: minmax(0, 8rem) 1fr 5rem }
}
@media print { section { break-inside: avoid } }
"""


def _variables(palette: Mapping[str, str], ground: str, track: str) -> str:
    colours = {**palette, "ground": ground, "track": track}
    return "".join(f"--{name}: {colour};" for name, colour in colours.items())


def page(name: str, sections: Iterable[str]) -> str:
    """A whole page of sections' markup; light or dark as the reader's machine is."""
    light = _variables(PALETTE, "#ffffff", "#eef1f4")
    dark = _variables(_DARK, "#13171c", "#222a33")
    # The clips' pictures are drawn on white: turned over, their colours keep their hue.
    night = f":root {{ {dark} }} .picture img {{ filter: invert(.925) hue-rotate(180deg) }}"
    night += " .picture { background: var(--ground) }"
    style = f":root {{ color-scheme: light dark; {light} }}{_STYLE}"
    style += f"@media (prefers-color-scheme: dark) {{ {night} }}"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(name)}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in sections if part)
        + "\n</main>\n</body>\n</html>\n"
    )


def title(text: str, about: str) -> str:
    """The page's heading and a line that says what it is."""
    return f'<header><h1>{escape(text)}</h1><p class="lead">{escape(about)}</p></header>'


def section(name: str, *markup: str) -> str:
    """A section with its title; nothing where there is no content."""
    content = "\n".join(part for part in markup if part)
    return f"<section>\n<h2>{escape(name)}</h2>\n{content}\n</section>" if content else ""


def paragraph(text: str, kind: str = "muted") -> str:
    """A paragraph of the style sheet's class ``kind``; nothing where there is no text."""
    return f'<p class="{kind}">{escape(text)}</p>' if text else ""


def numbers(values: Mapping[str, str]) -> str:
    """The few large figures of a page by what they are."""
    cells = (
        f"<div><strong>{escape(v)}</strong><span>{escape(k)}</span></div>"
        for k, v in values.items()
    )
    return f'<div class="numbers">{"".join(cells)}</div>'


def facts(values: Mapping[str, str | None]) -> str:
    """Names and what they are, without those that are None or empty."""
    # A line may not end between the two hyphens of an option.
    whole = {k: re.sub("(--[^ ]+)", r"<span>\1</span>", escape(v)) for k, v in values.items() if v}
    return f"<dl>{''.join(f'<dt>{escape(k)}</dt><dd>{v}</dd>' for k, v in whole.items())}</dl>"


def table(head: Sequence[str], rows: Iterable[Sequence[object]], *, texts: int = 1) -> str:
    """A table whose first ``texts`` columns are words and the others numbers."""

    def line(tag: str, cells: Sequence[object]) -> str:
        kinds = ("" if place < texts else ' class="n"' for place in range(len(cells)))
        inside = (
            f"<{tag}{kind}>{escape(str(cell))}</{tag}>"
            for kind, cell in zip(kinds, cells, strict=True)
        )
        return f"<tr>{''.join(inside)}</tr>"

    body = "\n".join(line("td", row) for row in rows)
    return (
        f'<div class="scroll"><table><thead>{line("th", head)}</thead>\n'
        f"<tbody>{body}</tbody></table></div>"
    )


def bars(rows: Sequence[tuple[str, float, str]]) -> str:
    """A bar for each (name, per cent, what stands behind it), many of them in two columns."""
    items = (
        f'<li><span class="name">{escape(name)}</span><span class="track">'
        f'<span class="fill" style="width:{share:.1f}%"></span></span>'
        f'<span class="value">{escape(value)}</span></li>'
        for name, share, value in rows
    )
    return f'<ul class="bars{" few" if len(rows) <= 14 else ""}">{"".join(items)}</ul>'


def drawing(markup: str, caption: str = "", *, wide: bool = True) -> str:
    """An SVG with its caption; a wide one scrolls on a narrow screen instead of shrinking."""
    inside = f'<div class="scroll">{markup}</div>' if wide else markup
    return f"<figure>{inside}{_caption(caption)}</figure>"


def picture(data: bytes, media: str, *, about: str, caption: str = "", kind: str = "wide") -> str:
    """An image of a media type such as ``png`` inside the page; ``kind`` is wide or small."""
    source = f"data:image/{media};base64,{base64.b64encode(data).decode()}"
    image = f'<img src="{source}" alt="{escape(about)}">'
    return f'<figure><div class="picture {kind}">{image}</div>{_caption(caption)}</figure>'


def details(summary: str, text: str) -> str:
    """Text as it is written, folded away under its summary."""
    return f"<details><summary>{escape(summary)}</summary><pre>{escape(text)}</pre></details>"


def _caption(text: str) -> str:
    return f"<figcaption>{escape(text)}</figcaption>" if text else ""
