import pytest

from laban import config
from laban.errors import LabanError

VALUES = {
    "pipeline": {"name": "general", "frames": 32},
    "encoder": {"name": "dsta-net", "heads": 2},
    "objective": {"name": "recognition"},
    "training": {"epochs": 7, "optimiser": {"lr": 0.5}},
}


def test_defaults_recipe_and_command_line_in_that_order():
    recipe = config.resolve(VALUES, ["--training.optimiser.lr", "0.25", "--stream=bone"])
    assert recipe.training.epochs == 7
    assert recipe.training.optimiser.lr == 0.25
    assert recipe.training.optimiser.momentum == 0.9
    assert recipe.pipeline["frames"] == 32 and recipe.pipeline["persons"] == 2
    assert recipe.stream == "bone"
    assert config.resolve(recipe.values).values == recipe.values


def test_another_component_on_the_command_line_drops_the_first_ones_options():
    recipe = config.resolve(VALUES, ["--pipeline.name", "dsta-net", "--pipeline.crop", "100"])
    assert recipe.pipeline["name"] == "dsta-net" and recipe.pipeline["crop"] == 100
    assert "frames" not in recipe.pipeline


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"training": {"epoch": 3}}, "unknown key 'training.epoch': did you mean training.epochs"),
        ({"trainin": 3}, "unknown key 'trainin'"),
        ({"encoder": {"name": "dsta-net", "head": 2}}, "did you mean encoder.heads"),
        ({"encoder": {"name": "dsta"}}, "unknown encoder in recipe 'dsta': did you mean dsta-net"),
        ({"pipeline": None}, "pipeline has no name"),
        ({"stream": "bones"}, "unknown stream 'bones': did you mean bone"),
        ({"training": {"epochs": "many"}}, "epochs"),
        ({"training": {"epochs": 0}}, "training.epochs is 0"),
        ({"training": {"epochs": None}}, "training.epochs is null, give a value or leave the key"),
        ({"encoder": {"name": "s-tr", "heads": None}}, "encoder.heads is null, give a value"),
    ],
)
def test_wrong_recipes_get_one_sentence(change, message):
    with pytest.raises(LabanError, match=message) as raised:
        config.resolve(VALUES | change)
    assert "\n" not in str(raised.value)


def test_null_is_a_value_where_the_option_may_be_none():
    values = VALUES | {"encoder": {"name": "s-tr"}}
    assert config.resolve(values).encoder["poses_at"] == 4
    assert config.resolve(values, ["--encoder.poses_at", "null"]).encoder["poses_at"] is None
    values["encoder"] = {"name": "s-tr", "poses_at": None}
    recipe = config.resolve(values)
    assert recipe.encoder["poses_at"] is None
    assert config.resolve(recipe.values).values == recipe.values


def test_wrong_arguments_get_one_sentence():
    with pytest.raises(LabanError, match="training.optimser.lr"):
        config.resolve(VALUES, ["--training.optimser.lr", "0.1"])
    with pytest.raises(LabanError, match="training.optimiser.lr"):
        config.resolve(VALUES, ["--training.optimiser.lr", "fast"])


def test_files_that_are_no_recipes(tmp_path):
    with pytest.raises(LabanError, match="unknown recipe 'nw-ucl': did you mean nw-ucla"):
        config.load_recipe("nw-ucl")
    path = tmp_path / "r.yaml"
    path.write_text("encoder: {name: x\ntraining: [")
    with pytest.raises(LabanError, match=r"r\.yaml, line 1: this is not YAML"):
        config.load_recipe(str(path))
    path.write_text("- 1\n")
    with pytest.raises(LabanError, match="a recipe is a YAML mapping"):
        config.load_recipe(str(path))


def test_a_recipe_on_a_base_says_what_differs(tmp_path):
    file = tmp_path / "own.yaml"
    file.write_text(
        "base: pstl-nw-ucla\nbenchmark: shrec17-14\nobjective: {joints: 8}\n"
        "encoder: {name: stst}\ntraining: {optimiser: {lr: 0.01}}\n"
    )
    base, values = config.load_recipe("pstl-nw-ucla"), config.load_recipe(str(file))
    assert values["objective"] == base["objective"] | {"joints": 8}
    assert values["encoder"] == {"name": "stst"}  # another component drops the options
    assert values["training"]["optimiser"] == base["training"]["optimiser"] | {"lr": 0.01}
    assert values["benchmark"] == "shrec17-14" and "base" not in values
    for wrong in ("pstl-nw-ucl", "[1]", "../x"):
        file.write_text(f"base: {wrong}\n")
        with pytest.raises(LabanError, match=r"own.yaml: base: .*recipe"):
            config.load_recipe(str(file))
