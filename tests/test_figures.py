"""Drawings: the numbers that they show, and markup that fits into a light and a dark page."""

import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from laban import figures, plotting

NAMES = ["Grab", "Tap & hold", "Swipe <+>", "cost $5 or $6"]


def test_importing_it_does_not_import_matplotlib():
    code = "import sys, laban.figures, laban.plotting; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_confusion_tints_right_and_wrong_answers_by_the_root_of_their_share():
    counts = np.array([[3, 1, 0, 0], [0, 4, 0, 0], [0, 0, 0, 0], [1, 0, 0, 3]])
    axes = figures.confusion(counts, NAMES).axes[0]
    image = np.asarray(axes.images[0].get_array())
    assert image.shape == (4, 4, 4)
    np.testing.assert_allclose(image[0, :, 3], np.sqrt([0.75, 0.25, 0, 0]))
    assert (image[2, :, 3] == 0).all()
    blue, orange = image[0, 0, :3], image[0, 1, :3]
    assert blue[2] > blue[0]
    assert orange[0] > orange[2]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == NAMES
    assert sorted(text.get_text() for text in axes.texts) == ["100", "25", "25", "75", "75"]


def test_confusion_of_many_classes_has_numbers_in_place_of_names():
    axes = figures.confusion(np.eye(120, dtype=int), [f"class {k}" for k in range(120)]).axes[0]
    labels = [tick.get_text() for tick in axes.get_xticklabels()]
    assert labels == ["1", *(str(k) for k in range(10, 121, 10))]
    assert not axes.texts


def test_per_class_bars_stand_in_the_order_given():
    axes = figures.per_class([("Grab", 90.0), ("Tap", 25.0)]).axes[0]
    assert [bar.get_width() for bar in axes.patches] == [90.0, 25.0]
    top, bottom = axes.get_ylim()[1], axes.get_ylim()[0]
    assert top < bottom, "the first is above"


def test_curve_draws_each_series_over_epochs_from_one():
    drawn = figures.curve({"training": [1, 2, 3], "validation": [np.nan, 1, 2]}, what="x", kept=2)
    first, second, kept = drawn.axes[0].lines
    np.testing.assert_array_equal(first.get_xydata(), [[1, 1], [2, 2], [3, 3]])
    np.testing.assert_array_equal(second.get_ydata(), [np.nan, 1, 2])
    assert list(kept.get_xdata()) == [2, 2]


def test_falls_draws_means_with_their_spread_in_order():
    curves = {"one": {10: (40.0, 50.0, 60.0), 0: (90.0,)}, "two": {0: (80.0,)}}
    axes = figures.falls(curves, across="joints shaded").axes[0]
    line, (low, high), _ = axes.containers[0].lines
    np.testing.assert_allclose(line.get_xydata(), [[0, 90], [10, 50]])
    np.testing.assert_allclose(low.get_ydata(), [90, 40])
    np.testing.assert_allclose(high.get_ydata(), [90, 60])
    assert axes.get_xlabel() == "joints shaded"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["one", "two"]


@pytest.mark.parametrize("heads", [1, 3, 8])
def test_attention_scales_each_layer_to_its_strongest(heads):
    rng = np.random.default_rng(0)
    maps = {"one": rng.normal(size=(heads, 5, 5)), "two": 100 * rng.normal(size=(heads, 5, 5))}
    maps["two"][0, 0, 0] = np.nan
    axes = [one for one in figures.attention(maps, list("abcde")).axes if one.images]
    assert len(axes) == 2 * heads
    for layer, some in (("one", axes[:heads]), ("two", axes[heads:])):
        peak = np.nanmax(np.abs(maps[layer]))
        for values, one in zip(maps[layer], some, strict=True):
            image = np.asarray(one.images[0].get_array())
            np.testing.assert_allclose(image[..., 3], np.nan_to_num(np.abs(values)) / peak)
            assert (image[values > 0, 2] > image[values > 0, 0]).all(), "positive is blue"
            assert (image[values < 0, 0] > image[values < 0, 2]).all(), "negative is orange"
    named = [one for one in axes if one.get_xticks().size]
    assert len(named) == min(heads, 4), "joints are named once below each column"


def test_streams_draws_runs_and_dotted_differences_with_gaps():
    shares = np.array([[90.0, 50, np.nan, 20], [80, 70, np.nan, 20], [0, 0, np.nan, 100]])
    drawn = figures.streams(["joint", "bone", "slow"], shares, NAMES, [(0, 1), (2, 0)])
    upper, lower = drawn.axes
    np.testing.assert_array_equal([line.get_ydata() for line in upper.lines], shares)
    np.testing.assert_array_equal(lower.lines[0].get_ydata(), [10, -20, np.nan, 0])
    np.testing.assert_array_equal(lower.lines[1].get_ydata(), [-90, -50, np.nan, 80])
    assert [text.get_text() for text in lower.get_legend().get_texts()] == [
        "joint − bone",
        "slow − joint",
    ]


def test_svg_takes_its_colours_from_the_page_and_keeps_text_as_text():
    drawn = figures.confusion(9 * np.eye(4, dtype=int) + np.eye(4, k=1, dtype=int), NAMES)
    markup = plotting.svg(drawn, "confusion", "a matrix")
    root = ElementTree.fromstring(re.sub("xlink:", "", markup))
    texts = [text for node in root.iter() for text in [(node.text or "").strip()] if text]
    assert set(NAMES) <= set(texts), "names are text, with mathematics left unread"
    assert not any(colour in markup for colour in plotting.PALETTE.values())
    assert "var(--ink)" in markup
    assert "var(--muted)" in markup
    assert "http" not in markup
    identifiers = re.findall(r'\bid="([^"]+)"', markup)
    assert len(set(identifiers)) == len(identifiers)
    assert all(word.startswith("confusion-") for word in identifiers)
    used = re.findall(r'(?:url\(|href=")#([^")]+)', markup)
    assert used
    assert set(used) <= set(identifiers)


def test_svg_of_the_same_drawing_is_the_same():
    drawn = [figures.per_class([("Grab", 50.0)]) for _ in range(2)]
    assert plotting.svg(drawn[0], "a", "") == plotting.svg(drawn[1], "a", "")


def test_a_figure_wider_than_the_page_keeps_its_width():
    wide = figures.streams(["a"], np.ones((1, 120)), [f"class {k}" for k in range(120)], [])
    assert "min-width" in plotting.svg(wide, "a", "")[:200]
    small = figures.streams(["a"], np.ones((1, 4)), NAMES, [])
    assert "min-width" not in plotting.svg(small, "a", "")[:200]


def test_png_has_the_pixels_of_its_inches_on_white(tmp_path):
    drawn = figures.per_class([("Grab", 50.0)])
    with Image.open(plotting.png(drawn, tmp_path / "a.png", dpi=100)) as picture:
        wanted = (100 * drawn.get_size_inches()).astype(int)
        np.testing.assert_allclose(picture.size, wanted, atol=1)
        assert picture.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
