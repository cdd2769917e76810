"""The pieces of a page: everything that is given as text is escaped."""

import re

import pytest

from laban import page, plotting

EVIL = '<script>alert("&")</script>'


@pytest.mark.parametrize(
    "markup",
    [
        page.page(EVIL, []),
        page.title(EVIL, EVIL),
        page.section(EVIL, "<p>x</p>"),
        page.paragraph(EVIL),
        page.numbers({EVIL: EVIL}),
        page.facts({EVIL: EVIL}),
        page.table([EVIL], [[EVIL]]),
        page.bars([(EVIL, 50.0, EVIL)]),
        page.drawing("<svg></svg>", EVIL),
        page.picture(b"x", "png", about=EVIL, caption=EVIL),
        page.details(EVIL, EVIL),
    ],
)
def test_text_is_escaped(markup):
    assert "<script" not in markup
    assert "&lt;script&gt;alert(&quot;&amp;&quot;)" in markup


def test_colours_of_the_drawings_are_defined_for_light_and_dark():
    style = page.page("a", [])
    light, dark = style.split("prefers-color-scheme: dark")
    for name, colour in plotting.PALETTE.items():
        assert f"--{name}: {colour};" in light
        assert re.search(rf"--{name}: #[0-9a-f]{{6}};", dark), name
    used = set(re.findall(r"var\(--(\w+)\)", style))
    assert used <= set(re.findall(r"--(\w+):", light)), "no variable is left undefined"


def test_empty_content_leaves_nothing_behind():
    assert page.section("a", "", "") == ""
    assert page.paragraph("") == ""
    assert page.facts({"a": None, "b": "c"}) == "<dl><dt>b</dt><dd>c</dd></dl>"


def test_numbers_of_a_table_are_aligned_to_the_right():
    markup = page.table(["run", "top-1"], [["joint", 90]])
    assert "<td>joint</td>" in markup
    assert '<td class="n">90</td>' in markup


def test_an_option_of_a_command_is_not_torn_apart():
    assert "<span>--out</span> x" in page.facts({"Command": "laban train --out x"})


def test_bars_are_as_long_as_their_share():
    assert "width:37.5%" in page.bars([("a", 37.5, "3 of 8")])
