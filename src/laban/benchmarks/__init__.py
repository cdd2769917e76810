"""Benchmarks: one word for a dataset's label set and split, as pure functions of a clip's facts.

The official ones and their sources are in `laban.benchmarks.datasets`; of those with folds a word
names one: ``dhg-28:3`` tests on subject 3, ``sbu:2`` on the pairs of the second fold.

Differs from the DSTA-Net paper: NTU-120 X-Set trains on even setups, as the dataset's paper says.

>>> benchmark = find_benchmark("nw-ucla-xview")
>>> benchmark.split({"camera": "3"})
'test'
>>> benchmark.label("sit down")
4

An own benchmark is a YAML or JSON file, and its path is the word::

    name: kitchen
    classes: [pour, stir, cut]
    train: {subject: [1, 2, 3, 4]}     # every fact named must have one of the values
    test: {subject: [5, 6]}
    left_out: [unknown]                # optional: labels of the store that are not asked for
    merge: {chop: cut}                 # optional: labels that count as another
    without: {skeleton: faulty}        # optional: clips that play no part
"""

from pathlib import Path

from laban.benchmarks.benchmark import Benchmark
from laban.benchmarks.datasets import BENCHMARKS, FOLDS
from laban.benchmarks.validation import validation_split
from laban.errors import LabanError, unknown_name
from laban.yaml_text import parse_yaml

__all__ = ["BENCHMARKS", "FOLDS", "Benchmark", "find_benchmark", "validation_split"]


def find_benchmark(word: str) -> Benchmark:
    """The benchmark of a word, or the own one in a YAML or JSON file at that path."""
    if word in FOLDS:
        raise LabanError(
            f"benchmark {word} has {FOLDS[word]} folds: 'laban train' runs them all, elsewhere "
            f"name one, {word}:1 to {word}:{FOLDS[word]}"
        )
    if word in BENCHMARKS:
        return BENCHMARKS[word]
    path = Path(word)
    if path.suffix.lower() not in (".yaml", ".yml", ".json"):
        raise unknown_name("benchmark", word, BENCHMARKS)
    try:
        data = path.read_bytes()
    except OSError as fault:
        raise LabanError(f"{word} cannot be read ({fault.strerror}): check the path") from fault
    return Benchmark.from_json(parse_yaml(data, word), word)
