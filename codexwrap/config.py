"""Read the settings."""

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from codexwrap import paths
from codexwrap.errors import UsageError, UserError

_MOST_GIT_SECONDS = 60.0  # a seat that died is not told of while git thinks
_MOST = 1e15


class Config(NamedTuple):
    """What the user may set. A key of the file is the name of a field; `$CODEXWRAP_<NAME>` goes before the file.

    `ticket_pattern` finds a ticket in a branch's name; `dead_seats` is the folder of the reports on dead seats, a path
    from the root or from `~`, by default one in the state root; `git_seconds` is how long git may take before a
    death is told, and what it lacks by then is learnt later; `record` keeps a recording of each seat; `item_on_exit` is the
    state that an item in progress gets when the last seat on it ended without having died, by default none.

    `snapshots` lets checkpoints save the working tree, files up to `snapshot_file_bytes`, within `snapshot_seconds`;
    `checkpoint_minutes` is how often a tree that changes is looked at between turns, 0 for never. Of each seat
    `keep_checkpoints` and `keep_snapshots` are kept, none older than `keep_days`, snapshots of `keep_bytes` together.

    `resume` says what a start of a seat that died does with its checkpoint: `ask`, `auto`, `never`. `isolate` keeps a seat
    apart from others: `process`, `home`. `continue_` is a line that is typed into a seat whose provider is back.

    `ping_url` is asked for after each pass of the watchdog (a dead man's switch, such as healthchecks.io); `metrics_file` is
    where it writes metrics for Prometheus, a path from the root or from `~`.

    `warn_at` says when to warn of a limit: at so many percent of a window, and at a `forecast` that it is full before it
    resets, parted by commas. `app_server` lets the agent's own server be asked what is left, which may renew the sign-in.

    A table `[seats.NAME]` in the file holds what is different for one seat.
    """

    seat: str = ""
    ticket: str = ""
    ticket_pattern: str = r"[A-Z][A-Z0-9]+-[0-9]+"
    dead_seats: str = ""
    git_seconds: float = 0.25
    record: bool = False
    item_on_exit: str = ""
    snapshots: bool = True
    snapshot_file_bytes: int = 50_000_000
    snapshot_seconds: float = 60.0
    checkpoint_minutes: float = 5.0
    keep_checkpoints: int = 50
    keep_snapshots: int = 100
    keep_days: float = 30.0
    keep_bytes: int = 500_000_000
    resume: str = "ask"
    isolate: str = ""
    continue_: str = ""
    ping_url: str = ""
    metrics_file: str = ""
    warn_at: str = "80, 95, forecast"
    app_server: bool = False


_NAMES = {field.rstrip("_"): field for field in Config._fields}  # `continue` is a word of Python's own
_CHOICES = {"resume": ("ask", "auto", "never"), "isolate": ("", "process", "home")}


def load(environ: Mapping[str, str], seat: str = "") -> Config:
    """The settings, of a seat where one is named: environment over file over defaults.

    Raises UsageError for what is no setting, naming the nearest.
    """
    values = _from_file(environ, seat)
    for name, field in _NAMES.items():
        text = environ.get(f"CODEXWRAP_{name.upper()}")
        if text is not None:
            values[field] = _from_text(name, text)
    return Config(**values)


def _from_file(environ: Mapping[str, str], seat: str) -> dict[str, Any]:
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
    for elsewhere in ("sinks", "alerts"):  # a seat starts whatever is wrong with them: who delivers looks at them
        values.pop(elsewhere, None)
    by_seat = values.pop("seats", {})
    if not isinstance(by_seat, dict) or not all(isinstance(table, dict) for table in by_seat.values()):
        raise UsageError(f"{path}: seats holds tables: [seats.NAME]")
    found = _all_checked(f"{path}: ", values)
    for name, table in by_seat.items():
        own = _all_checked(f"{path}: seats.{name}: ", table)
        if name == seat:
            found |= own
    return found


def _all_checked(where: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {_NAMES[name]: value for name, each in values.items() for value in [_checked(where, name, each)]}


def _text(path: str) -> str:
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - a path in text, as the launch path has it
        return file.read()


def _checked(where: str, name: str, value: Any) -> Any:
    if name not in _NAMES:
        import difflib

        near = difflib.get_close_matches(name, _NAMES, 1, 0.5)
        raise UsageError(f"{where}no setting is named {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
    kind = type(Config._field_defaults[_NAMES[name]])
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        raise UsageError(f"{where}{name} must be {_KINDS[kind]}, not {value!r}")
    _check(where, name, value)
    return value


_KINDS: dict[type, str] = {str: "text in quotes", int: "a whole number", float: "a number", bool: "true or false"}
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
    kind = type(Config._field_defaults[_NAMES[name]])
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
    elif name in _CHOICES and value not in _CHOICES[name]:
        known = ", ".join(repr(each) for each in _CHOICES[name])
        raise UsageError(f"{where}{name} must be one of {known}, not {value!r}")
    elif name == "warn_at" and not all(map(_is_threshold, filter(None, map(str.strip, value.split(","))))):
        raise UsageError(
            f"{where}warn_at must be percents from 1 to 100 and `forecast`, parted by commas, not {value!r}"
        )
    elif name == "continue" and not value.isprintable():
        raise UsageError(f"{where}continue must be one line, not {value!r}")
    elif name == "git_seconds" and not 0 < value <= _MOST_GIT_SECONDS:
        raise UsageError(f"{where}git_seconds must be more than 0 and at most {_MOST_GIT_SECONDS:g}, not {value}")
    elif type(value) in (int, float) and not 0 <= value < _MOST:
        raise UsageError(f"{where}{name} must not be less than 0, or without end, not {value}")
    elif name == "dead_seats" and value:
        # Who writes there works in no directory of the user's.
        if not value.startswith(("/", "~")) or "\0" in value:
            raise UsageError(f"{where}dead_seats must be a path that starts with / or ~, not {value!r}")
        try:
            paths.absolute(value)
        except UserError as error:
            raise UsageError(f"{where}dead_seats: {error}") from None


def _is_threshold(text: str) -> bool:
    return text == "forecast" or (text.isascii() and text.isdecimal() and 1 <= int(text) <= 100)
