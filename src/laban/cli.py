"""The command ``laban``: a literal dict of commands; only the chosen one's module is imported.

A command is a function with typed arguments; its command line is its signature. It returns a
`laban.result.Result`, printed as text or, with ``--json``, as one JSON value and nothing else on
standard output; one that goes on and on gives one result after another, each a line. Exit status:
0; 2 for what the user can mend; 1 for a fault of ours; 130 for Ctrl-C.
"""

import json
import sys
import traceback
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

import laban
from laban.arguments import parse, signature_parser
from laban.errors import LabanError, nearest
from laban.result import Result

__all__ = ["COMMANDS", "main"]

# command: (module, function, one line of help)
COMMANDS: dict[str, tuple[str, str, str]] = {
    "demo": ("laban.demo", "demo", "built-in recordings: write, convert, train, test, report"),
    "download": ("laban.download", "download", "a dataset that its owners let everybody fetch"),
    "convert": ("laban.convert", "convert", "a raw folder or zip becomes a store"),
    "write": ("laban.write", "write", "a store becomes a file of another code base, such as pyskl"),
    "info": ("laban.info", "info", "what a store holds and what looks wrong in it"),
    "train": ("laban.commands", "train_command", "a recipe, a store and a benchmark become a run"),
    "pretrain": ("laban.commands", "pretrain_command", "the same without labels: an encoder"),
    "import": ("laban.importing", "import_checkpoint", "an official checkpoint becomes a run"),
    "evaluate": (
        "laban.commands",
        "evaluate_command",
        "an encoder judged on a benchmark's test clips",
    ),
    "fuse": ("laban.commands", "fuse", "several runs' scores summed"),
    "predict": ("laban.predict", "predict", "the actions of recordings of any known format"),
    "detect": ("laban.detect", "detect", "the actions in untrimmed recordings, as segments"),
    "forecast": ("laban.forecast", "forecast", "what people in a recording do next, in metres"),
    "export": ("laban.export", "export", "a run as one file: ONNX, or torch.export's .pt2"),
    "serve": ("laban.serve", "serve", "a run answers over HTTP: uploads and live poses"),
    "watch": (
        "laban.watch",
        "watch",
        "the actions in a camera's pictures or a video, as they happen",
    ),
    "render": ("laban.commands", "render", "a clip as gif, mp4, png or html"),
    "recipes": ("laban.commands", "recipes", "the built-in recipes and the papers' tables"),
}

# Whose options depend on a word of the line: a recipe's or a protocol's. They read it themselves.
OWN_LINE = {"train", "pretrain", "evaluate"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line and gives the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        _write(_overview())
        return 0
    if arguments[0] == "--version":
        _write(laban.__version__)
        return 0
    name, *rest = arguments
    if name not in COMMANDS:
        return _fail(f"unknown command '{name}': {nearest(name, COMMANDS)}")
    as_json = "--json" in rest
    rest = [word for word in rest if word != "--json"]
    try:
        module, function, _ = COMMANDS[name]
        command = getattr(import_module(module), function)
        if name not in OWN_LINE:
            values = parse(name, signature_parser(name, command), rest)
            result = command(**values)
        else:
            result = command(rest)
        if result is not None:  # None: another process speaks
            _say(result, as_json=as_json)
    except LabanError as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(f"{error.filename or 'a file'}: {error.strerror or error}, mend the path")
    except KeyboardInterrupt:
        return _fail("interrupted; what was written before is whole", status=130)
    except Exception as error:  # noqa: BLE001 - the last resort: whatever escapes is a fault of ours
        if package := _missing(error):
            return _fail(f"'laban {name}' needs {package}: install Laban whole, pip install laban")
        traceback.print_exc()
        return _fail("this is a fault of Laban's; please report the lines above", status=1)
    return 0


def _missing(error: Exception) -> str | None:
    """A package that is not there, where Laban was installed without what it depends on."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return None
    package = error.name.partition(".")[0]
    return None if package == "laban" else package


def _say(result: Result | Iterator[Result], *, as_json: bool) -> None:
    try:
        for one in [result] if isinstance(result, Result) else result:
            _write(json.dumps(one.value) if as_json else one.text)
    except BrokenPipeError:  # the reader has seen enough
        sys.stderr.close()


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {about}" for name, (_, _, about) in COMMANDS.items()]
    return "\n".join(
        ["usage: laban COMMAND ...", "", "Human actions in skeleton sequences.", "", *lines, ""]
        + ["'laban COMMAND --help' explains one; '--json' prints one JSON value."]
    )


def _write(text: Any) -> None:
    if isinstance(text, str):
        sys.stdout.write(text + "\n")
    else:
        from rich.console import Console

        Console().print(text)
    sys.stdout.flush()


def _fail(sentence: str, *, status: int = 2) -> int:
    sys.stderr.write(f"laban: {sentence}\n")
    return status
