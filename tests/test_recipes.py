"""Every recipe and every row of a paper's table resolves, builds and takes a step."""

import re

import numpy as np
import pytest
import torch

from laban import config
from laban.assembly import assemble
from laban.batch import collate
from laban.benchmarks import find_benchmark
from laban.clip import Clip
from laban.commands import recipes
from laban.component import component
from laban.encoders import ENCODERS
from laban.errors import LabanError
from laban.objectives import task_of
from laban.protocols import check_options
from laban.skeletons import SKELETONS

LAYOUTS = {"shrec17": "hand-22", "dhg": "hand-22", "nw-ucla": "kinect-v1", "ntu": "kinect-v2"}
LAYOUTS |= {"pku-mmd": "kinect-v2", "precog": "kinect-v1", "sfinge": "hand-20"}
LAYOUTS |= {"kinetics": "openpose-18"}
TUNED = ("fine-tune", "semi-supervised")
NTU = ("ntu60-xsub", "ntu60-xview", "ntu120-xsub", "ntu120-xset")
PKU = ("pku1-xsub", "pku2-xsub")
ROWS = config.recipe_list()
STEPPED: set[str] = set()
TRAINED = [row["name"] for row in ROWS if "fuse" not in config.table_row(row["name"])]
FUSED = [row["name"] for row in ROWS if "fuse" in config.table_row(row["name"])]


def benchmark_of(word):
    if word is None:  # the demo writes its own
        return find_benchmark("ntu60-xsub")
    return find_benchmark(f"{word}:1" if word.startswith("dhg") else word)


@pytest.mark.parametrize("name", TRAINED)
def test_every_recipe_resolves_and_takes_a_step_on_its_dataset(name):
    values = config.load_recipe(name)
    assert (
        config.resolve(values, place=name).values["pipeline"].items() >= values["pipeline"].items()
    )
    # On short clips, where the encoder takes any length: a step says as much and costs less.
    fixed = values["pipeline"]["name"] != "dsta-net" or "frames" in values["encoder"]
    short = () if fixed else ("--pipeline.window", "12", "--pipeline.crop", "10")
    if values["pipeline"]["name"] == "st-tr":
        short = ("--pipeline.frames", "16")
    if "width" in values["objective"]:  # a projector of 6,144 takes seconds
        short = ("--objective.width", "32")
    recipe = config.resolve(values, short, place=name)
    benchmark = benchmark_of(recipe.benchmark)
    skeleton = SKELETONS[LAYOUTS[benchmark.dataset]]
    task, named = task_of(recipe.values), recipe.objective["name"]
    labelled = task in ("recognition", "detection")
    assert labelled == named.startswith(("recognition", "detection"))
    assert not (labelled and config.table_row(name).get("protocol", "detection") != "detection")
    chosen = ("pipeline", "encoder", "objective", "stream")
    same = str([recipe.values[key] for key in chosen] + [skeleton.name])
    if same in STEPPED:  # rows that differ in how they are trained or judged alone
        return
    STEPPED.add(same)
    channels = 2 if benchmark.dataset == "kinetics" else 3
    parts = assemble(recipe.values, skeleton, channels, recipe.stream, len(benchmark.classes))
    frames = getattr(parts.objective, "window", 9)
    poses = np.random.default_rng(0).normal(size=(2, frames, len(skeleton), channels)).cumsum(1)
    clips = [parts.pipeline.prepare(Clip("c", body, skeleton)) for body in poses]
    batch = collate(clips, [0, len(benchmark.classes) - 1], [0, 1])
    loss, logs = parts.objective(batch, torch.Generator().manual_seed(0))
    loss.backward()
    assert loss.isfinite() and "loss" in logs and ("accuracy" in logs) == labelled
    assert all(p.grad.isfinite().all() for p in parts.encoder.parameters() if p.grad is not None)
    if labelled:
        scores = len(benchmark.classes) + (task == "detection")  # and background
        assert parts.objective.scores(batch).shape == (2, scores)


def test_rows_of_two_bodies_count_an_absent_one_as_the_official_networks_do():
    """As zeros; Hi-TRS's pre-training takes bodies apart, and no code of its other tasks exists."""
    rows = {name: config.resolve(config.load_recipe(name), place=name) for name in TRAINED}
    of_two = [
        name
        for name, recipe in rows.items()
        if recipe.benchmark in (*NTU, *PKU, "kinetics")
        and task_of(recipe.values) in ("recognition", "pretraining")
        and recipe.objective["name"] != "hi-trs-hierarchy"
    ]
    assert len(of_two) > 200
    assert [name for name in of_two if not rows[name].encoder["absent_as_zeros"]] == []


def test_a_list_of_rows_says_how_they_are_judged_and_what_they_fuse():
    rows = {row["name"]: row for row in ROWS}
    names = [f"pstl-1-pku1-xsub-pstl-{stream}" for stream in ("joint", "motion", "bone")]
    assert rows["pstl-1-pku1-xsub-pstl-3s"]["fuse"] == names
    assert [name for name, row in rows.items() if "fuse" in row] == FUSED
    lines = dict(line.split(maxsplit=1) for line in recipes().text.splitlines())
    assert f"--protocol linear  fuses {' '.join(names)}  " in lines["pstl-1-pku1-xsub-pstl-3s"]
    shaded = "--protocol partial-body --joints 0 --parts 3"
    assert config.judging(rows["pstl-5-bt-3"]) == shaded and shaded in lines["pstl-5-bt-3"]
    words = (
        "pretrain .*-motion.*, judge each by 'laban evaluate --protocol semi-supervised --share "
    )
    with pytest.raises(LabanError, match=words + "5 --recipe hi-trs-ntu' and give"):
        config.load_recipe("hi-trs-2-5-xview-3s")


@pytest.mark.parametrize("name", FUSED)
def test_a_fusion_names_runs_that_differ_in_one_thing_alone(name):
    names = config.table_row(name)["fuse"]
    recipes = [config.resolve(config.load_recipe(one)) for one in names]
    if name.startswith("st-tr"):  # its two networks, of the same input
        assert [recipe.encoder["name"] for recipe in recipes] == ["s-tr", "t-tr"]
        same = [{**recipe.values, "encoder": recipe.encoder | {"name": ""}} for recipe in recipes]
    else:
        assert len({recipe.stream for recipe in recipes}) == len(names) > 1
        same = [{**recipe.values, "stream": ""} for recipe in recipes]
    assert len({str(values) for values in same}) == 1
    with pytest.raises(LabanError, match="is a fusion: (pre)?train"):
        config.load_recipe(name)


def test_published_numbers_of_dsta_net_stand_as_in_its_tables():
    rows = config.recipe_list("dsta-net")
    published = {
        table: [row["published"] for row in rows if row["table"] == table and row["published"]]
        for table in sorted({row["table"] for row in rows})
    }
    assert {table: sorted(values) for table, values in published.items()} == {
        "Table 1": [89.4, 93.2, 94.5, 94.6, 94.6, 95.1, 96.3],
        "Table 2": [93.7, 94.5, 95.1, 96.3, 97.0],
        "Table 3": [90.9, 93.8, 93.9, 97.0],
        "Table 4": [91.5, 96.4],
        "Table 5": [86.6, 89.0],
    }


def test_published_numbers_of_stst_stand_as_in_its_tables():
    rows = config.recipe_list("stst")
    published = {row["row"]: row["published"] for row in rows if row["published"]}
    assert published == {
        "STST, X-Sub": 91.9,
        "STST, X-View": 96.8,
        "STST, 14 gestures": 97.6,
        "STST, 28 gestures": 95.3,
        "STST, top-1 (top-5 61.2)": 38.3,
        "ST-TR-1s": 86.16,
        "DSTA-Net-1s": 87.13,
        "STST-Encoder, STBX, TTBX": 85.79,
        "STST-Encoder, STBX, TTB": 87.38,
        "STST-Encoder, STB, TTBX": 86.24,
        "STST-Encoder, STB, TTB": 88.03,
        "STST-Encoder, STB, DTTB": 89.99,
        "DSTA-Net": 93.69,
        "STST-Encoder, no self-supervised task": 93.93,
        "STST-Encoder, PS": 94.48,
        "STST-Encoder, PC": 94.19,
        "STST-Encoder, PT": 94.53,
        "STST-Encoder, PS, PC": 94.64,
        "STST-Encoder, PS, PT": 94.75,
        "STST-Encoder, PC, PT": 94.66,
        "STST-Encoder, PS, PC, PT": 94.88,
    }


def test_stst_s_tables_1_to_3_fuse_four_streams_that_are_trained_with_all_tasks():
    """Section 4.3: "the multi-stream strategy [...] all proposed self-supervised [...] tasks"."""
    whole = {"Table 1": ["ntu60-xsub", "ntu60-xview"], "Table 2": ["shrec17-14", "shrec17-28"]}
    whole["Table 3"] = ["kinetics"]
    rows = [row for row in config.recipe_list("stst") if row["table"] in whole]
    for table, places in whole.items():
        fused = [row for row in rows if row["table"] == table and row["published"]]
        assert [row["benchmark"] for row in fused] == places
        for row in fused:
            parts = [config.resolve(config.load_recipe(name)) for name in row["fuse"]]
            assert [part.stream for part in parts] == ["joint", "bone", "motion", "bone-motion"]
            for part in parts:
                assert part.benchmark == row["benchmark"]
                objective = part.objective
                tasks = ("semantic", "coordinates", "permutation")
                assert objective["name"] == "recognition+stst-tasks" and objective["weight"] == 0.2
                assert all(objective[task] for task in tasks)
                assert (part.training.epochs, part.training.batch) == (120, 32)
    assert len(rows) == 25


def test_one_stream_of_st_tr_and_dsta_net_stand_in_stst_s_table_4_as_their_papers_have_them():
    both, alone = (
        config.resolve(config.load_recipe(f"stst-4-{name}-1s")) for name in ("st-tr", "dsta-net")
    )
    one = config.resolve(config.load_recipe("st-tr-1-s-xsub"))
    assert both.values["encoder"] == one.values["encoder"] | {"name": "st-tr-1s"}
    assert (both.pipeline, both.training) == (one.pipeline, one.training)
    assert alone.values == config.resolve(config.load_recipe("dsta-net-4-xsub-joint")).values
    assert both.stream == alone.stream == "joint"


def test_a_row_of_stst_s_table_5_trains_the_tasks_that_it_names():
    tasks = {"PS": "semantic", "PC": "coordinates", "PT": "permutation"}
    for row in config.recipe_list("stst"):
        if row["table"] == "Table 5" and row["name"] not in (
            "stst-5-encoder",
            "stst-5-dsta-net",
        ):
            objective = config.resolve(config.load_recipe(row["name"])).objective
            for word, task in tasks.items():
                assert objective[task] == (word in row["row"])
            assert (objective["weight"], objective["share"], objective["segments"]) == (
                0.2,
                0.15,
                3,
            )


def test_the_shipped_stst_is_a_recipe():
    """Its network has the shapes of the official tensors, its training the official numbers."""
    recipe = config.resolve(config.load_recipe("stst-shrec17-official"))
    parts = assemble(recipe.values, SKELETONS["hand-22"], 3, recipe.stream, 28)
    assert sum(p.numel() for p in parts.objective.parameters()) == 2_804_552
    training = recipe.training
    assert [training.schedule.rate(e, 150) for e in (0, 5, 60, 90, 120)] == pytest.approx(
        [0.2, 1, 0.1, 0.01, 0.001]
    )


def test_what_judges_a_row_knows_its_options():
    for name in (row["name"] for row in ROWS if "protocol" in row):
        row = config.table_row(name)
        check_options(row["protocol"], row.get("options", {}))


def test_published_numbers_of_hi_trs_stand_as_in_its_tables():
    """Table 1: a row each of one, two and three streams, a column each of four benchmarks."""
    published = {row["name"]: row["published"] for row in config.recipe_list("hi-trs")}
    columns = ("ntu60-xsub", "ntu60-xview", "ntu120-xsub", "ntu120-xset")
    for kind, figures in {
        "joint": (86.0, 93.0, 80.6, 81.6),
        "2s": (89.2, 95.1, 84.7, 86.6),
        "3s": (90.0, 95.7, 85.3, 87.4),
    }.items():
        assert tuple(published.pop(f"hi-trs-1-{column}-{kind}") for column in columns) == figures
    for split, figures in {
        "xsub": (39.1, 63.3, 70.7, 49.3, 71.5, 77.7),
        "xview": (42.9, 68.3, 74.8, 51.5, 74.8, 81.1),
    }.items():
        names = [f"{share}-{split}-{kind}" for kind in ("joint", "3s") for share in (1, 5, 10)]
        assert tuple(published.pop(f"hi-trs-2-{name}") for name in names) == figures
    levels = ("none", "f", "c", "v", "f-c", "f-v", "c-v", "f-c-v")
    figures = (79.6, 80.8, 81.1, 82.0, 83.9, 84.1, 84.0, 86.0)
    assert tuple(published.pop(f"hi-trs-4-{level}") for level in levels) == figures
    before = ("none", "ntu60", "ntu120")
    assert [published.pop(f"hi-trs-3-pku2-{word}") for word in before] == [50.9, 55.0, 55.9]
    detection = [f"hi-trs-5-{word}" for word in ("none", "f-c", "f-c-v")]
    detection += [f"hi-trs-3-pku1-{word}" for word in before]
    assert [published.pop(name) for name in detection] == [63.2, 65.1, 66.3, 63.2, 66.6, 67.3]
    for name, map_a in zip(detection, (53.4, 55.6, 58.4, 53.4, 55.2, 57.9), strict=True):
        assert f"mAP_v at 0.5 (mAP_a {map_a})" in config.table_row(name)["row"]
    figures = (98.4, 97.3, 96.7, 88.1, 95.4, 87.4, 90.2, 85.6)
    assert tuple(published.pop(f"hi-trs-4-{level}-mpjpe") for level in levels) == figures
    pku = [published.pop(f"hi-trs-3-pku2-{word}-mpjpe") for word in before]
    assert pku == [105.4, 94.2, 93.1]
    assert all(("unit" in row) == row["name"].endswith("mpjpe") for row in config.recipe_list())
    assert set(published.values()) == {None}
    streams = {"2s": ["joint", "bone"], "3s": ["joint", "motion", "bone"]}
    for kind, words in streams.items():
        fused = config.table_row(f"hi-trs-1-ntu60-xsub-{kind}")["fuse"]
        assert [config.resolve(config.load_recipe(name)).stream for name in fused] == words


def test_hi_trs_s_pre_training_is_in_its_rows():
    """30,000 steps of 256 clips, of the 50,000 in which the rate falls to 1 / 200."""
    recipe = config.resolve(config.load_recipe("hi-trs-1-ntu60-xsub-joint"))
    training, steps = recipe.training, 40_091 // 256
    assert (training.batch, training.accumulate, training.optimiser.name) == (256, 4, "adamw")
    assert training.epochs * steps == pytest.approx(30_000, rel=0.01)
    # The same steps on the other benchmarks, whatever the number of their clips.
    clips = {"ntu60-xsub": 40_091, "ntu60-xview": 37_646}
    clips |= {"ntu120-xsub": 63_026, "ntu120-xset": 54_468}
    before = [row for row in config.recipe_list("hi-trs") if row.get("protocol") in TUNED]
    for row in (row for row in before if "fuse" not in row):
        epochs = config.resolve(config.load_recipe(row["name"])).training.epochs
        assert epochs * (clips[row["benchmark"]] // 256) == pytest.approx(30_000, rel=0.005)
    for step in (0, 500, 1000, 15_000, 29_900):
        rate = training.schedule.rate(step / steps, training.epochs, steps)
        wanted = step / 1000 if step < 1000 else 1 - 0.995 * (step - 1000) / 49_000
        assert rate == pytest.approx(wanted, abs=2e-3)
    tasks = {"F": ("spatial",), "C": ("clip",), "V": ("video", "future")}
    for row in config.recipe_list("hi-trs"):
        if row["table"] == "Table 4" and row.get("protocol") == "fine-tune":
            objective = config.resolve(config.load_recipe(row["name"])).objective
            on = row["row"].split(",")[0].split("+")
            for level, names in tasks.items():
                assert all(objective[name] == (level in on) for name in names)
        if row["table"] == "Table 2":
            assert f"{row['options']['share']} % data" in row["row"]
            assert row["protocol"] == "semi-supervised"
        if row["table"] == "Table 1":
            assert (row["protocol"], row["options"]) == ("fine-tune", {"recipe": "hi-trs-ntu"})


def test_what_hi_trs_pre_trains_fits_what_starts_from_it():
    """Rows that are given a run with --start have its encoder, of perhaps fewer levels."""
    pattern = re.compile(r"--start a run of ([a-z0-9-]+)")

    def shapes(name):
        options = config.resolve(config.load_recipe(name)).encoder
        with torch.device("meta"):
            encoder = component(ENCODERS, options, SKELETONS["kinect-v2"], channels=3)
        return {key: value.shape for key, value in encoder.state_dict().items()}

    rows = [row for row in config.recipe_list("hi-trs") if pattern.search(row["row"])]
    for row in rows:
        before = pattern.search(row["row"])[1]
        assert shapes(row["name"]).items() <= shapes(before).items(), row["name"]
    assert len(rows) == 21


def test_shares_of_hi_trs_s_figure_3_are_in_its_rows():
    for share in (1, 5, 10):
        for task in ("detection", "mpjpe"):
            name = f"hi-trs-fig-3-{share}-{task}"
            training = config.resolve(config.load_recipe(name)).training
            # Validation recordings would be labelled ones beside the share.
            assert (training.labels, training.validation) == (share / 100, 0)
            assert f"{share} % of the" in config.table_row(name)["row"]


def test_hi_trs_s_training_is_in_its_recipes():
    training = config.resolve(config.load_recipe("hi-trs-ntu")).training
    optimiser = training.optimiser
    assert (training.batch, optimiser.lr, optimiser.weight_decay) == (128, 4e-4, 0.01)
    assert (optimiser.name, optimiser.decay_all, optimiser.clip) == ("adamw", False, 1.0)
    assert [training.schedule.rate(epoch, 70) for epoch in (19, 20, 69)] == [1, 0.5, 1 / 32]
    scratch = config.resolve(config.load_recipe("hi-trs-4-none")).training
    rates = [scratch.schedule.rate(epoch, 70) for epoch in (29, 30, 40, 50, 55)]
    assert rates == pytest.approx([1, 0.5, 0.25, 0.125, 0.0125])


def test_the_paper_s_training_is_in_its_recipe():
    training = config.resolve(config.load_recipe("dsta-net-shrec17")).training
    assert (training.epochs, training.batch) == (120, 32)
    assert (training.optimiser.lr, training.optimiser.weight_decay) == (0.1, 5e-4)
    rates = [training.schedule.rate(epoch, 120) for epoch in (0, 59, 60, 90)]
    assert rates == pytest.approx([1, 1, 0.1, 0.01])


def test_published_numbers_of_st_tr_stand_as_in_its_tables():
    rows = config.recipe_list("st-tr")
    published = {
        (table, benchmark): sorted(
            row["published"]
            for row in rows
            if (row["table"], row["benchmark"]) == (table, benchmark) and row["published"]
        )
        for table, benchmark in sorted({(row["table"], row["benchmark"]) for row in rows})
    }
    assert published == {
        ("Table 1", "ntu60-xsub"): [85.7, 86.0, 86.4, 87.3, 87.9, 88.7, 89.9],
        ("Table 1", "ntu60-xview"): [92.7, 93.6, 94.0, 95.6],
        ("Table 2", "ntu60-xsub"): [88.7, 89.9],
        ("Table 2", "ntu60-xview"): [95.6, 96.1],
        ("Table 2", "ntu120-xsub"): [78.4, 78.6, 81.9],
        ("Table 2", "ntu120-xset"): [80.5, 80.7, 84.1],
    }


def test_joint_and_bone_have_layers_of_twice_the_width():
    joint, bone = (
        config.resolve(config.load_recipe(name))
        for name in ("st-tr-1-t-xsub", "st-tr-1-bones-t-xsub")
    )
    assert bone.stream == "joint+bone"
    assert [list(layer) for layer in bone.encoder["layers"]] == [
        [2 * width, stride, kind] for width, stride, kind in joint.encoder["layers"]
    ]


def test_published_numbers_of_pstl_stand_as_in_its_tables():
    rows = config.recipe_list("pstl")
    for row in rows:
        if "protocol" in row:
            check_options(row["protocol"], row.get("options", {}))
    published = {row["name"]: row["published"] for row in rows}
    columns = [f"{kind}60-{split}" for kind in ("ntu",) for split in ("xsub", "xview")]
    columns += ["pku1-xsub", "pku2-xsub", "ntu120-xsub", "ntu120-xset"]
    for kind, figures in {
        "bt-joint": (68.5, 71.6, 84.7, 38.2, 53.9, 52.7),
        "pstl-joint": (77.3, 81.8, 88.4, 49.3, 66.2, 67.7),
        "bt-motion": (58.9, 58.2, 63.2, 30.3, 43.5, 44.7),
        "pstl-motion": (69.9, 72.6, 80.4, 34.7, 65.4, 57.7),
        "bt-bone": (62.4, 64.7, 79.1, 29.8, 52.4, 53.6),
        "pstl-bone": (75.4, 79.2, 84.8, 41.3, 58.7, 66.6),
        "bt-3s": (69.3, 72.2, 84.8, 44.1, 56.3, 56.8),
        "pstl-3s": (79.1, 82.6, 89.2, 52.3, 69.2, 70.3),
    }.items():
        assert tuple(published.pop(f"pstl-1-{column}-{kind}") for column in columns) == figures
    left = {
        table: sorted(published[row["name"]] for row in rows if row["table"] == table)
        for table in ("Table 2", "Table 3", "Table 12")
    }
    assert left == {
        "Table 2": [68.5, 71.6, 71.8, 73.7, 75.4, 77.3, 78.0, 81.8],
        "Table 3": [75.6, 76.1, 76.4, 77.3, 79.7, 80.4, 81.2, 81.8],
        "Table 12": [75.8, 76.7, 77.3, 81.3, 81.3, 81.8],
    }
    streams = ("joint", "motion", "bone", "3s")
    for place, figures in {
        "10-5": (76.7, 74.8, 69.1, 79.4),
        "10-7": (76.0, 75.1, 69.6, 78.9),
        "10-9": (77.3, 75.4, 69.9, 79.1),
        "10-11": (75.4, 75.2, 70.5, 79.6),
        "11-6": (75.3, 73.9, 68.5, 77.7),
        "11-8": (76.8, 74.5, 68.8, 78.8),
        "11-10": (77.3, 75.4, 69.9, 79.1),
        "11-12": (76.1, 74.9, 70.0, 78.9),
    }.items():
        names = [f"pstl-{place}-{stream}" for stream in streams]
        assert tuple(published[name] for name in names) == figures


def test_pstl_s_other_protocols_stand_as_in_its_tables():
    rows = {row["name"]: row for row in config.recipe_list("pstl")}
    shaded, parts = (0, 2, 4, 6, 8, 10), (0, 1, 2, 3, 4)
    printed = {
        "pstl-4-pstl-{}": (shaded, (77.3, 76.9, 76.2, 75.7, 74.6, 73.8)),
        "pstl-4-bt-{}": (shaded, (68.5, 65.0, 61.7, 58.6, 55.0, 50.6)),
        "pstl-4-aimclr-{}": (shaded, (74.3, 70.4, 67.2, 63.0, 58.5, 54.3)),
        "pstl-4-skeletonclr-{}": (shaded, (68.3, 65.6, 61.9, 58.6, 54.5, 50.7)),
        "pstl-5-pstl-{}": (parts, (77.3, 73.6, 68.3, 60.0, 47.3)),
        "pstl-5-bt-{}": (parts, (68.5, 64.0, 58.5, 50.2, 38.4)),
        "pstl-5-aimclr-{}": (parts, (74.3, 69.3, 63.9, 53.7, 37.9)),
        "pstl-5-skeletonclr-{}": (parts, (68.3, 63.6, 57.7, 47.5, 33.5)),
        "pstl-6-{}-aimclr-joint": (NTU, (74.3, 79.7, 63.4, 63.4)),
        "pstl-6-{}-pstl-joint": (NTU, (77.3, 81.8, 66.2, 67.7)),
        "pstl-6-{}-bt-3s": (NTU, (69.3, 72.2, 56.3, 56.8)),
        "pstl-6-{}-skeletonclr-3s": (NTU, (75.0, 79.8, 60.7, 62.6)),
        "pstl-6-{}-aimclr-3s": (NTU, (78.9, 83.8, 68.2, 68.8)),
        "pstl-6-{}-pstl-3s": (NTU, (79.1, 83.8, 69.2, 70.3)),
        "pstl-7-{}-skeletonclr-joint": (PKU, (80.9, 35.2)),
        "pstl-7-{}-aimclr-joint": (PKU, (83.4, 36.8)),
        "pstl-7-{}-bt-joint": (PKU, (84.7, 38.2)),
        "pstl-7-{}-pstl-joint": (PKU, (88.4, 49.3)),
        "pstl-7-{}-aimclr-3s": (PKU, (87.8, 38.5)),
        "pstl-7-{}-bt-3s": (PKU, (84.8, 44.1)),
        "pstl-7-{}-pstl-3s": (PKU, (89.2, 52.3)),
        "pstl-8-{}-skeletonclr-bone": (NTU, (82.2, 88.9, 73.6, 75.3)),
        "pstl-8-{}-aimclr-bone": (NTU, (83.0, 89.2, 77.2, 76.0)),
        "pstl-8-{}-pstl-bone": (NTU, (84.5, 92.0, 78.6, 78.9)),
        "pstl-8-{}-st-gcn-3s": (NTU, (85.2, 91.4, 77.2, 77.1)),
        "pstl-8-{}-aimclr-3s": (NTU, (86.9, 92.8, 80.1, 80.9)),
        "pstl-8-{}-pstl-3s": (NTU, (87.1, 93.9, 81.3, 82.6)),
        "pstl-9-1-{}-aimclr-3s": (PKU, (57.5, 15.1)),
        "pstl-9-1-{}-pstl-3s": (PKU, (62.5, 16.9)),
        "pstl-9-10-{}-aimclr-3s": (PKU, (86.1, 33.4)),
        "pstl-9-10-{}-pstl-3s": (PKU, (86.9, 42.0)),
    }
    known = set()
    for name, (places, figures) in printed.items():
        names = [name.format(place) for place in places]
        assert tuple(rows[one]["published"] for one in names) == figures
        known.update(names)
    tables = {f"Table {number}" for number in range(4, 10)}
    figured = {name for name, row in rows.items() if row["published"] and row["table"] in tables}
    assert figured == known
    assert rows["pstl-4-pstl-8"]["options"] == {"joints": [8], "parts": [0]}
    assert rows["pstl-9-1-pku2-xsub-pstl-3s"]["options"] == {"share": 1}
    supervised = config.load_recipe("pstl-8-ntu60-xsub-st-gcn-bone")
    assert supervised["encoder"] == config.load_recipe("pstl-ntu")["encoder"]
    assert supervised["training"]["optimiser"]["lr"] == 0.005  # fine-tuning's


def test_pstl_s_training_and_masks_are_in_its_recipe():
    recipe = config.resolve(config.load_recipe("pstl-1-ntu60-xsub-pstl-joint"))
    training = recipe.training
    assert (training.epochs, training.batch, training.optimiser.name) == (150, 128, "adam")
    assert (training.optimiser.lr, training.optimiser.weight_decay) == (5e-3, 1e-5)
    rates = [training.schedule.rate(epoch, 150) for epoch in (0, 9, 10, 80, 150)]
    assert rates == pytest.approx([0.1, 1, 1, 0.5, 0])
    options = {"width": 6144, "redundancy": 2e-4, "joints": 9, "frames": 10}
    assert recipe.objective.items() >= options.items()
    parts = assemble(
        recipe.values | {"objective": recipe.objective | {"width": 4}},
        SKELETONS["kinect-v2"],
        3,
        "joint",
        60,
    )
    assert parts.encoder.dim == 256
    # 0.82 million with the official graph: 3 subsets of its partition, as here.
    assert sum(p.numel() for p in parts.encoder.parameters()) == pytest.approx(0.82e6, rel=0.01)
