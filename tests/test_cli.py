import json
import re
from contextlib import suppress

import numpy as np
import pytest

from laban.cli import COMMANDS, main
from laban.clip import Clip
from laban.encoders import ENCODERS
from laban.protocols import PROTOCOLS
from laban.readers import READERS
from laban.skeletons import SKELETONS
from laban.store import Store
from laban.writers import WRITERS

RUN = ("nw-ucla", "--data", "s", "--out", "r")


@pytest.fixture
def store(tmp_path):
    poses = np.random.default_rng(0).normal(size=(1, 9, 25, 3))
    clips = [Clip(f"c{n}", poses + n, SKELETONS["kinect-v2"], label="a") for n in range(3)]
    return Store.write(tmp_path / "s.arrow", clips).path


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name, capsys):
    try:
        status = main([name, "--help"])
    except SystemExit as stop:
        status = stop.code
    assert status == 0
    said = capsys.readouterr().out
    assert name in said and "<class" not in said


@pytest.mark.parametrize(
    ("name", "words"),
    [("convert", READERS), ("write", WRITERS), ("evaluate", PROTOCOLS), ("train", ENCODERS)],
)
def test_help_names_every_word_that_a_command_takes_and_json(name, words, capsys):
    with suppress(SystemExit):
        main([name, "--help"])
    said = capsys.readouterr().out
    in_words = set(re.split(r"[\s,:.()]+", re.sub(r"-\n\s*", "-", said)))
    assert not set(words) - in_words
    assert "--json" in in_words


def test_json_is_one_value_and_nothing_else(store, capsys):
    assert main(["info", str(store), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["clips"] == 3
    assert main(["recipes", "--paper", "dsta-net", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert set(rows[0]) == {"name", "paper", "table", "row", "benchmark", "published"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trian"], "unknown command 'trian': did you mean train"),
        (["info", "nowhere.arrow"], "nowhere.arrow"),
        (["info"], "laban info needs STORE, see 'laban info --help'"),
        (["evaluate"], "laban evaluate needs RUN and --data, see 'laban evaluate --help'"),
        (
            ["evaluate", "r", "--data", "s", "--protocol", "semi-supervised"],
            "laban evaluate needs --share, see 'laban evaluate --help'",
        ),
        (["convert", "ntuu", "x", "y"], "did you mean ntu"),
        (["train", "nw-ucla"], "laban train needs --data"),
        (["train", "nw-ucla", "--data", "s", "--out", "r", "--stream", "bones"], "mean bone"),
        (["train", "--stream", "bone", "nw-ucla"], "name the recipe first"),
        (["train", "nw-ucla", "--data"], "laban train: argument --data"),
        (["recipes", "--paper", "dsta"], "unknown paper 'dsta': did you mean dsta-net"),
        (["evaluate", "no-run", "--data", "x"], "no-run holds no weights.safetensors"),
        (["fuse", "a", "b"], "a holds no weights.safetensors"),
        (["predict", "no-run", "x"], "no-run holds no"),
        (["recipes", "--papr", "x"], "--papr"),
        (["convert", "ntu", "x", "y", "--workers", "two"], "workers is two: give a whole number;"),
        (["convert", "bvh", "x", "y", "--unit", "cm"], "unit is cm: give a number;"),
        (["convert", "bvh", "x", "y", "--missing", "a"], "choose one of 'interpolate', 'mask';"),
        (["train", *RUN, "--training.epochs", "x"], "training.epochs is x: give a whole number"),
        (["train", *RUN, "--training.epoch", "3"], "--training.epoch"),
        (["evaluate", "r", "--data", "s", "--proto", "knn"], "--proto"),
        (["train", *RUN, "--encoder.layers", "3"], "encoder.layers is 3: give a list"),
    ],
)
def test_what_a_person_can_mend_is_one_sentence_and_status_2(arguments, message, capsys):
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and message in err
    assert err.startswith("laban: ") and err.count("\n") == 1


def test_weights_follow_each_other(capsys):
    assert main(["fuse", "a", "b", "--weights", "1", "x"]) == 2
    assert "weights" in capsys.readouterr().err
    assert main(["fuse", "a", "b", "--weights", "1", "0.5"]) == 2
    assert "a holds no weights.safetensors" in capsys.readouterr().err


def test_a_fault_of_ours_is_status_1(store, capsys, monkeypatch):
    monkeypatch.setitem(COMMANDS, "info", ("laban.nowhere", "info", ""))
    assert main(["info", str(store)]) == 1
    assert "fault of Laban's" in capsys.readouterr().err


def test_what_was_installed_without_its_parts_names_the_part(store, capsys, monkeypatch):
    """As where `laban predict model.onnx` alone is wanted, which needs no PyTorch."""
    monkeypatch.setitem(COMMANDS, "info", ("absent_package.figure", "info", ""))
    assert main(["info", str(store)]) == 2
    assert "'laban info' needs absent_package: install Laban whole" in capsys.readouterr().err


def test_render_writes_a_picture(store, tmp_path, capsys):
    assert main(["render", str(store), str(tmp_path / "c.png"), "--clip", "c1"]) == 0
    assert (tmp_path / "c.png").stat().st_size > 1000
    assert main(["render", str(store), str(tmp_path / "c.xyz")]) == 2
    assert main(["render", str(store), str(tmp_path / "d.png"), "--clip", "c9"]) == 2
