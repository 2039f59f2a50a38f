"""Read the settings."""

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from codexwrap import paths
from codexwrap.errors import UsageError


class Config(NamedTuple):
    """What the user may set. A key of the file is the name of a field; `$CODEXWRAP_<NAME>` goes before the file.

    `ticket_pattern` finds a ticket in a branch's name; `dead_seats` is the folder of the reports on dead seats, by default
    one in the state root; `git_seconds` is how long git may take when a seat dies; `record` keeps a recording of each seat.
    """

    seat: str = ""
    ticket: str = ""
    ticket_pattern: str = r"[A-Z][A-Z0-9]+-[0-9]+"
    dead_seats: str = ""
    git_seconds: float = 2.0
    record: bool = False


def load(environ: Mapping[str, str]) -> Config:
    """The settings: environment over file over defaults. Raises UsageError for what is no setting, naming the nearest."""
    path = paths.config(environ)
    values: dict[str, Any] = {}
    if path.exists() or "CODEXWRAP_CONFIG" in environ:
        values = _read(os.fspath(path))
    for name in Config._fields:
        text = environ.get(f"CODEXWRAP_{name.upper()}")
        if text is not None:
            values[name] = _from_text(name, text)
    config = Config(**values)
    _check_pattern(config.ticket_pattern)
    return config


def _read(path: str) -> dict[str, Any]:
    import tomllib  # only those who have a file pay for it

    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a path in text, as the launch path has it
            values = tomllib.load(file)
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file (named by CODEXWRAP_CONFIG)") from None
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: {error}") from None
    return {name: _checked(f"{path}: ", name, value) for name, value in values.items()}


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
        return kind(text)
    except ValueError:
        raise UsageError(f"{variable}must be {_KINDS[kind]}, not {text!r}") from None


def _check_pattern(pattern: str) -> None:
    import re

    try:
        re.compile(pattern)
    except re.error as error:
        raise UsageError(f"ticket_pattern is no regular expression: {error}") from None
