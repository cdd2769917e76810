"""The official splits of the datasets, with the published counts of clips that train and test.

==============  ===============  ===============  ==========================================
benchmark       all clips        usable clips     source
==============  ===============  ===============  ==========================================
ntu60-xsub      40,320 + 16,560  40,091 + 16,487  https://arxiv.org/abs/1604.02808, 5.2
ntu60-xview     37,920 + 18,960  37,646 + 18,932  the same
ntu120-xsub     63,360 + 51,120  63,026 + 50,919  https://arxiv.org/abs/1905.04757, 4.2
ntu120-xset     54,720 + 59,760  54,468 + 59,477  the same
pku1-xsub       944 + 132 long   18,841 + 2,704   https://arxiv.org/abs/1703.07475, the archive's
pku1-xview      717 + 359 long                    lists; usable: trimmed actions
kinetics                         240,000 + 20,000  https://arxiv.org/abs/1801.07455 (rounded)
shrec17-*       1,960 + 840                       the archive's lists
dhg-*           2,660 + 140                       leave one subject out, mean over 20 folds
fpha-1to1       600 + 575                         https://arxiv.org/abs/1704.02463, the archive's
                                                  list
nw-ucla-xview   1,020 + 464                       https://arxiv.org/abs/1405.2941
msr-*           567              557              https://doi.org/10.1109/CVPRW.2010.5543273
sbu             282                               mean over 5 folds of pairs
precog          36 + 36 long                      ours: odd subjects train, even ones test
sfinge          504 + 36                          ours: dictionary and first half train
==============  ===============  ===============  ==========================================

PRECOG 2016 and SFINGE 3D list no split; their untrimmed recordings carry segments instead of a
label, so the classes are those of the segments.

Clips that a dataset itself lists as faulty (``skeleton: faulty``, a fact that its reader sets) play
no part: NTU's 302 and 535 samples with missing skeletons, and the ten clips that MSR-Action3D's
list leaves out because "the skeletons are either missing or too erroneous".
"""

from collections.abc import Iterable

from laban.benchmarks.benchmark import Benchmark, Rule
from laban.classes import (
    FPHA_ACTIONS,
    KINETICS_CLASSES,
    MSR_ACTIONS,
    NTU_CLASSES,
    NW_UCLA_ACTIONS,
    PKU_ACTIONS,
    PRECOG_ACTIONS,
    SBU_INTERACTIONS,
    SFINGE_GESTURES,
    SHREC17_GESTURES,
)

__all__ = ["BENCHMARKS", "FOLDS"]


def _numbers(values: Iterable[int] | str) -> frozenset[str]:
    return frozenset(values.split() if isinstance(values, str) else map(str, values))


_FAULTY: Rule = {"skeleton": frozenset({"faulty"})}

# Performers who train in NTU-60 X-Sub; NTU-120 X-Sub adds its own. The others test.
_NTU60_TRAIN = _numbers("1 2 4 5 8 9 13 14 15 16 17 18 19 25 27 28 31 34 35 38")
_NTU120_TRAIN = _NTU60_TRAIN | _numbers(
    "45 46 47 49 50 52 53 54 55 56 57 58 59 70 74 78 80 81 82 83 84 85 86 89 91 92 93 94 95 97 98 "
    "100 103"
)


def _ntu(name: str, train: Rule, test: Rule) -> Benchmark:
    classes = NTU_CLASSES[:60] if name.startswith("ntu60") else NTU_CLASSES
    return Benchmark(
        name,
        classes,
        train,
        test,
        dataset="ntu",
        left_out=frozenset(NTU_CLASSES[len(classes) :]),
        without=_FAULTY,
    )


def _pku(phase: int, protocol: str) -> Benchmark:
    """Phase I or II, by the archive's lists, which the reader keeps as the facts xsub and xview."""

    def part(word: str) -> Rule:
        return {"phase": _numbers(str(phase)), protocol: frozenset({word})}

    name = f"pku{phase}-{protocol}"
    return Benchmark(name, PKU_ACTIONS, part("train"), part("test"), dataset="pku-mmd")


# The three action sets of MSR-Action3D, by the numbers of their actions.
_MSR_SETS = {
    "xsub": _numbers(range(1, 21)),
    "as1": _numbers("2 3 5 6 10 13 18 20"),
    "as2": _numbers("1 4 7 8 9 11 12 14"),
    "as3": _numbers("6 14 15 16 17 18 19 20"),
}


def _msr(actions: str) -> Benchmark:
    """Odd subjects train, even ones test, on all 20 actions or on the eight of an action set."""
    numbered = enumerate(MSR_ACTIONS, 1)
    classes = tuple(action for n, action in numbered if str(n) in _MSR_SETS[actions])
    return Benchmark(
        f"msr-{actions}",
        classes,
        {"subject": _numbers(range(1, 11, 2))},
        {"subject": _numbers(range(2, 11, 2))},
        dataset="msr-action3d",
        left_out=frozenset(MSR_ACTIONS) - frozenset(classes),
        without=_FAULTY,
    )


# The pairs that test in each fold, from the README of SBU's archive.
_SBU_FOLDS = tuple(
    frozenset(pairs.split())
    for pairs in (
        "s01s02 s03s04 s05s02 s06s04",
        "s02s03 s02s07 s03s05 s05s03",
        "s01s03 s01s07 s07s01 s07s03",
        "s02s01 s02s06 s03s02 s03s06",
        "s04s02 s04s03 s04s06 s06s02 s06s03",
    )
)


def _sbu(fold: int) -> Benchmark:
    """Fold k, from 1, tests on its pairs and trains on those of the other four."""
    test = _SBU_FOLDS[fold - 1]
    train = frozenset().union(*_SBU_FOLDS) - test
    return Benchmark(
        f"sbu:{fold}", SBU_INTERACTIONS, {"pair": train}, {"pair": test}, dataset="sbu"
    )


def _hands(name: str, train: Rule, test: Rule, dataset: str) -> Benchmark:
    """14 gestures, or 28 where one finger and the whole hand count apart."""
    apart = tuple(f"{g} ({finger})" for g in SHREC17_GESTURES for finger in (1, 2))
    if "-28" in name:
        return Benchmark(name, apart, train, test, dataset=dataset)
    merge = {label: label.rpartition(" (")[0] for label in apart}
    return Benchmark(name, SHREC17_GESTURES, train, test, dataset=dataset, merge=merge)


def _dhg(classes: int, fold: int) -> Benchmark:
    """Leave-one-subject-out: fold k tests on subject k."""
    others = _numbers(range(1, 21)) - {str(fold)}
    test = {"subject": _numbers(str(fold))}
    return _hands(f"dhg-{classes}:{fold}", {"subject": others}, test, "dhg")


_LISTED: tuple[Rule, Rule] = ({"split": frozenset({"train"})}, {"split": frozenset({"test"})})

# Benchmarks whose figure is the mean over their folds.
FOLDS: dict[str, int] = {"dhg-14": 20, "dhg-28": 20, "sbu": 5}

BENCHMARKS: dict[str, Benchmark] = {
    "ntu60-xsub": _ntu(
        "ntu60-xsub",
        {"subject": _NTU60_TRAIN},
        {"subject": _numbers(range(1, 41)) - _NTU60_TRAIN},
    ),
    "ntu60-xview": _ntu("ntu60-xview", {"camera": _numbers("2 3")}, {"camera": _numbers("1")}),
    "ntu120-xsub": _ntu(
        "ntu120-xsub",
        {"subject": _NTU120_TRAIN},
        {"subject": _numbers(range(1, 107)) - _NTU120_TRAIN},
    ),
    "ntu120-xset": _ntu(
        "ntu120-xset",
        {"setup": _numbers(range(2, 33, 2))},
        {"setup": _numbers(range(1, 33, 2))},
    ),
    **{f"pku{n}-{protocol}": _pku(n, protocol) for n in (1, 2) for protocol in ("xsub", "xview")},
    "kinetics": Benchmark("kinetics", KINETICS_CLASSES, *_LISTED, dataset="kinetics"),
    "shrec17-14": _hands("shrec17-14", *_LISTED, "shrec17"),
    "shrec17-28": _hands("shrec17-28", *_LISTED, "shrec17"),
    **{f"dhg-{k}:{fold}": _dhg(k, fold) for k in (14, 28) for fold in range(1, 21)},
    "fpha-1to1": Benchmark("fpha-1to1", FPHA_ACTIONS, *_LISTED, dataset="fpha"),
    "nw-ucla-xview": Benchmark(
        "nw-ucla-xview",
        tuple(NW_UCLA_ACTIONS.values()),
        {"camera": _numbers("1 2")},
        {"camera": _numbers("3")},
        dataset="nw-ucla",
    ),
    **{f"msr-{actions}": _msr(actions) for actions in _MSR_SETS},
    **{f"sbu:{fold}": _sbu(fold) for fold in range(1, 6)},
    "precog": Benchmark(
        "precog",
        PRECOG_ACTIONS,
        {"subject": _numbers(range(1, 13, 2))},
        {"subject": _numbers(range(2, 13, 2))},
        dataset="precog",
    ),
    "sfinge": Benchmark(
        "sfinge",
        SFINGE_GESTURES,
        {"recording": _numbers(range(1, 37)) | {"dictionary"}},
        {"recording": _numbers(range(37, 73))},
        dataset="sfinge",
    ),
}
