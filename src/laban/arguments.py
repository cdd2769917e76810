"""A command line from the signature of the function that does the work."""

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, get_args, get_origin

from laban.errors import LabanError

__all__ = [
    "JSON_HELP",
    "add_options",
    "complaint",
    "option_value",
    "options_of",
    "parse",
    "signature_parser",
    "summary",
]

JSON_HELP = "With --json it prints one JSON value on standard output and nothing else there."
LINES_HELP = "With --json every line on standard output is a JSON value."

_KINDS = {"int": "a whole number", "float": "a number", "bool": "true or false"}
_KINDS |= {"Sequence": "a list", "tuple": "a list", "list": "a list"}


def signature_parser(name: str, function: Callable) -> Any:
    """The parser of a function: required parameters in order, keyword ones as options."""
    from jsonargparse import ArgumentParser, DefaultHelpFormatter

    class Help(DefaultHelpFormatter):
        def _expand_help(self, action: Any) -> str:
            return super()._expand_help(action).replace("<class 'Path'>", "path")

    prog, about = f"laban {name}", summary(function)
    parser = ArgumentParser(
        prog=prog,
        description=about,
        epilog=LINES_HELP if _goes_on(function) else JSON_HELP,
        exit_on_error=False,
        allow_abbrev=False,
        formatter_class=Help,
    )
    _add(parser, function, _parameters(function))
    return parser


def add_options(parser: Any, function: Callable) -> None:
    """Adds a function's keyword-only parameters to a parser or to a group of one."""
    _add(parser, function, options_of(function).values())


def options_of(function: Callable) -> dict[str, inspect.Parameter]:
    """A function's keyword-only parameters by name."""
    only = inspect.Parameter.KEYWORD_ONLY
    return {p.name: p for p in _parameters(function) if p.kind is only}


def summary(function: Callable) -> str:
    """The first sentence of a function's docstring."""
    import docstring_parser

    return docstring_parser.parse(function.__doc__ or "").short_description or ""


def parse(name: str, parser: Any, arguments: Sequence[str]) -> dict[str, Any]:
    """The values of a command line; LabanError where it cannot be read."""
    from jsonargparse import ArgumentError

    try:
        values: dict[str, Any] = parser.parse_args(list(arguments)).as_dict()
    except ArgumentError as error:
        missing = _missing(error, parser)
        if missing:
            wanted = " and ".join(missing)
            raise LabanError(f"laban {name} needs {wanted}, see 'laban {name} --help'") from None
        raise LabanError(f"{complaint(error)}; see 'laban {name} --help'") from None
    return values


def _missing(error: Exception, parser: Any) -> list[str]:
    """What was not given, as a person writes it: jsonargparse leaves an option's dashes out."""
    _, _, keys = str(error).partition("arguments are required: ")
    usage = parser.format_usage().split()
    flags = {key: f"--{key.replace('_', '-')}" for key in keys.split(", ") if key}
    return [flag if flag in usage else key.upper() for key, flag in flags.items()]


def complaint(error: Exception) -> str:
    """What jsonargparse complains of, in one line: a value of the wrong type in words."""
    text = " ".join(str(error).split())
    found = re.fullmatch(r'Parser key "([^"]+)"[^:]*: (.*?)(?:Got|Given) value: (.*)', text)
    if found is None:
        return text
    key, expected, value = found.groups()
    words = re.search(r"Literal\[(.*?)\]", expected)
    if words is not None:
        return f"{key} is {value}: choose one of {words[1]}"
    kinds = dict.fromkeys(re.findall(r"class '(?:[\w.]+\.)?(\w+)'", expected.split("Errors:")[0]))
    kinds.pop("NoneType", None)
    if not kinds or not set(kinds) <= set(_KINDS):
        return text
    return f"{key} is {value}: give " + " or ".join(_KINDS[kind] for kind in kinds)


def option_value(arguments: Sequence[str], name: str) -> str | None:
    """The last value of ``--name value`` or ``--name=value`` among the arguments."""
    found = None
    for place, argument in enumerate(arguments):
        if argument == f"--{name}" and place + 1 < len(arguments):
            found = arguments[place + 1]
        elif argument.startswith(f"--{name}="):
            found = argument.split("=", 1)[1]
    return found


def _goes_on(function: Callable) -> bool:
    """Whether a command gives results one after another."""
    result = inspect.signature(function, eval_str=True).return_annotation
    return get_origin(result) is Iterator


def _parameters(function: Callable) -> Iterable[inspect.Parameter]:
    """All but the one that takes whatever other options there are."""
    every = inspect.signature(function, eval_str=True).parameters.values()
    return [p for p in every if p.kind is not inspect.Parameter.VAR_KEYWORD]


def _add(parser: Any, function: Callable, parameters: Iterable[inspect.Parameter]) -> None:
    import docstring_parser

    about = docstring_parser.parse(function.__doc__ or "")
    helps = {parameter.arg_name: parameter.description for parameter in about.params}
    for parameter in parameters:
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
                required = parameter.default is inspect.Parameter.empty
                options["nargs"] = "+" if required or flag else "*"
            elif not flag and parameter.default is not inspect.Parameter.empty:
                options["nargs"] = "?"
            if flag:
                options["required"] = parameter.default is inspect.Parameter.empty
                options["default"] = None if options["required"] else parameter.default
        parser.add_argument(
            f"--{parameter.name.replace('_', '-')}" if flag else parameter.name, **options
        )
