"""The command ``laban``: a literal dict of commands; only the chosen one's module is imported.

A command is a function with typed arguments; its command line is its signature. It returns a
`laban.result.Result`, printed as text or, with ``--json``, as one JSON value and nothing else on
standard output. Exit status: 0; 2 for what the user can mend; 1 for a fault of ours; 130 for
Ctrl-C.
"""

import inspect
import json
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, get_args, get_origin

import laban
from laban.errors import LabanError, nearest
from laban.result import Result

__all__ = ["COMMANDS", "main"]

# command: (module, function, one line of help)
COMMANDS: dict[str, tuple[str, str, str]] = {
    "demo": ("laban.demo", "demo", "built-in recordings: write, convert, train, test, report"),
    "convert": ("laban.convert", "convert", "a raw folder or zip becomes a store"),
    "write": ("laban.write", "write", "a store becomes a file of another code base, such as pyskl"),
    "info": ("laban.info", "info", "what a store holds and what looks wrong in it"),
    "train": ("laban.commands", "train_command", "a recipe, a store and a benchmark become a run"),
    "pretrain": ("laban.commands", "pretrain_command", "the same without labels: an encoder"),
    "import": ("laban.importing", "import_checkpoint", "an official checkpoint becomes a run"),
    "evaluate": ("laban.commands", "evaluate", "a run's scores on a benchmark's test clips"),
    "fuse": ("laban.commands", "fuse", "several runs' scores summed"),
    "predict": ("laban.predict", "predict", "the actions of recordings of any known format"),
    "export": ("laban.export", "export", "a run as one file: ONNX, or torch.export's .pt2"),
    "serve": ("laban.serve", "serve", "a run answers over HTTP: uploads and live poses"),
    "render": ("laban.commands", "render", "a clip as gif, mp4, png or html"),
    "recipes": ("laban.commands", "recipes", "the built-in recipes and the papers' tables"),
}


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
        result = command(rest) if name in ("train", "pretrain") else _call(name, command, rest)
    except LabanError as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(f"{error.filename or 'a file'}: {error.strerror or error}, mend the path")
    except KeyboardInterrupt:
        return _fail("interrupted; what was written before is whole", status=130)
    except Exception:  # noqa: BLE001 - the last resort: whatever escapes is a fault of ours
        traceback.print_exc()
        return _fail("this is a fault of Laban's; please report the lines above", status=1)
    if result is not None:  # None: another process speaks
        _say(result, as_json=as_json)
    return 0


def _say(result: Result, *, as_json: bool) -> None:
    try:
        _write(json.dumps(result.value) if as_json else result.text)
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


def _call(name: str, function: Callable, arguments: list[str]) -> Any:
    """Calls a function with the command line that its signature describes."""
    from jsonargparse import ArgumentError

    parser = signature_parser(name, function)
    try:
        values = parser.parse_args(arguments)
    except ArgumentError as error:
        sentence = " ".join(str(error).split())
        raise LabanError(f"{sentence}; see 'laban {name} --help'") from None
    return function(**values.as_dict())


def signature_parser(name: str, function: Callable) -> Any:
    """The parser of a function: required parameters in order, keyword ones as options."""
    import docstring_parser
    from jsonargparse import ArgumentParser

    about = docstring_parser.parse(function.__doc__ or "")
    helps = {parameter.arg_name: parameter.description for parameter in about.params}
    parser = ArgumentParser(
        prog=f"laban {name}", description=about.short_description, exit_on_error=False
    )
    for parameter in inspect.signature(function, eval_str=True).parameters.values():
        options: dict[str, Any] = {"help": helps.get(parameter.name, "")}
        kind = parameter.annotation
        rows = [k for k in (kind, *get_args(kind)) if get_origin(k) is list]  # list, or list | None
        many = bool(rows)
        kind = get_args(rows[0])[0] if many else kind
        flag = parameter.kind is inspect.Parameter.KEYWORD_ONLY
        if kind is bool:
            options["action"] = "store_true"
        else:
            options["type"] = kind
            if many:
                options["nargs"] = "+"
            if flag:
                options["required"] = parameter.default is inspect.Parameter.empty
                options["default"] = None if options["required"] else parameter.default
        parser.add_argument(
            f"--{parameter.name.replace('_', '-')}" if flag else parameter.name, **options
        )
    return parser
