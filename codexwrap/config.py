"""Read the settings."""

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from codexwrap import paths
from codexwrap.errors import UsageError, UserError

_MOST_GIT_SECONDS = 60.0  # a seat that died is not told of while git thinks


class Config(NamedTuple):
    """What the user may set. A key of the file is the name of a field; `$CODEXWRAP_<NAME>` goes before the file.

    `ticket_pattern` finds a ticket in a branch's name; `dead_seats` is the folder of the reports on dead seats, a path
    from the root or from `~`, by default one in the state root; `git_seconds` is how long git may take when a seat dies;
    `record` keeps a recording of each seat.
    """

    seat: str = ""
    ticket: str = ""
    ticket_pattern: str = r"[A-Z][A-Z0-9]+-[0-9]+"
    dead_seats: str = ""
    git_seconds: float = 2.0
    record: bool = False


def load(environ: Mapping[str, str]) -> Config:
    """The settings: environment over file over defaults. Raises UsageError for what is no setting, naming the nearest."""
    values = _from_file(environ)
    for name in Config._fields:
        text = environ.get(f"CODEXWRAP_{name.upper()}")
        if text is not None:
            values[name] = _from_text(name, text)
    return Config(**values)


def _from_file(environ: Mapping[str, str]) -> dict[str, Any]:
    named = bool(environ.get("CODEXWRAP_CONFIG"))
    try:
        path = os.fspath(paths.config(environ))
    except UserError as error:
        if named:
            raise UsageError(f"CODEXWRAP_CONFIG: {error}") from None
        return {}  # no home, no file in it
    try:
        text = _text(path)
    except (FileNotFoundError, NotADirectoryError):
        if named:
            raise UsageError(f"{path}: no such file (named by CODEXWRAP_CONFIG)") from None
        return {}
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"{path}: not UTF-8 ({error})") from None

    import tomllib  # only those who have a file pay for it

    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{path}: {error}") from None
    return {name: _checked(f"{path}: ", name, value) for name, value in values.items()}


def _text(path: str) -> str:
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - a path in text, as the launch path has it
        return file.read()


def _checked(where: str, name: str, value: Any) -> Any:
    if name not in Config._fields:
        import difflib

        near = difflib.get_close_matches(name, Config._fields, 1, 0.5)
        raise UsageError(f"{where}no setting is named {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
    kind = type(Config._field_defaults[name])
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        raise UsageError(f"{where}{name} must be {_KINDS[kind]}, not {value!r}")
    _check(where, name, value)
    return value


_KINDS: dict[type, str] = {str: "text in quotes", float: "a number", bool: "true or false"}
_TRUTH = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
    "": False,
}


def _from_text(name: str, text: str) -> Any:
    variable = f"CODEXWRAP_{name.upper()}: "
    kind = type(Config._field_defaults[name])
    if kind is bool:
        if text.lower() not in _TRUTH:
            raise UsageError(f"{variable}must be true or false, not {text!r}")
        return _TRUTH[text.lower()]
    try:
        value = kind(text)
    except ValueError:
        raise UsageError(f"{variable}must be {_KINDS[kind]}, not {text!r}") from None
    _check(f"{variable}", name, value)
    return value


def _check(where: str, name: str, value: Any) -> None:
    """What a value of the right kind must be beyond that."""
    if name == "ticket_pattern":
        import re

        try:
            re.compile(value)
        except (re.error, OverflowError, RecursionError) as error:
            raise UsageError(f"{where}ticket_pattern is no regular expression: {error}") from None
    elif name == "git_seconds" and not 0 < value <= _MOST_GIT_SECONDS:
        raise UsageError(f"{where}git_seconds must be more than 0 and at most {_MOST_GIT_SECONDS:g}, not {value}")
    elif name == "dead_seats" and value:
        # Who writes there works in no directory of the user's.
        if not value.startswith(("/", "~")) or "\0" in value:
            raise UsageError(f"{where}dead_seats must be a path that starts with / or ~, not {value!r}")
        try:
            paths.absolute(value)
        except UserError as error:
            raise UsageError(f"{where}dead_seats: {error}") from None
