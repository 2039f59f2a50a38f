"""Know where files live."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from codexwrap.errors import UserError

_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_FOLDS_CASE = sys.platform == "darwin"  # there `Alpha` and `alpha` are one file


class State(NamedTuple):
    """The state root and what is in it. Nothing here touches the disk."""

    root: Path

    @property
    def feed(self) -> Path:
        return self.root / "feed.jsonl"

    def seat(self, name: str) -> Path:
        return self.root / "seats" / file_name(name)

    def keys(self, name: str) -> Path:
        """The pipe through which a wrapper that was told to may be given something to type."""
        return self.seat(name) / "keys"

    def checkpoints(self, name: str) -> Path:
        return self.root / "checkpoints" / file_name(name)

    def recordings(self, name: str) -> Path:
        return self.root / "recordings" / file_name(name)

    @property
    def dead_seats(self) -> Path:
        return self.root / "dead-seats"


def state(environ: Mapping[str, str]) -> State:
    """`$CODEXWRAP_HOME`, else `$XDG_STATE_HOME/codexwrap`, else `~/.local/state/codexwrap`.

    Raises UserError where that is below a home directory and there is none.
    """
    if home := environ.get("CODEXWRAP_HOME"):
        return State(absolute(home))
    return State(_base(environ, "XDG_STATE_HOME", "~/.local/state") / "codexwrap")


def config(environ: Mapping[str, str]) -> Path:
    """`$CODEXWRAP_CONFIG`, else `$XDG_CONFIG_HOME/codexwrap/config.toml`, else the same under `~/.config`.

    Raises UserError where that is below a home directory and there is none.
    """
    if path := environ.get("CODEXWRAP_CONFIG"):
        return absolute(path)
    return _base(environ, "XDG_CONFIG_HOME", "~/.config") / "codexwrap" / "config.toml"


def _base(environ: Mapping[str, str], variable: str, default: str) -> Path:
    value = environ.get(variable, "")
    # "If an implementation encounters a relative path [...] it should consider the path invalid and ignore it."
    # (XDG Base Directory Specification)
    return absolute(value if value.startswith("/") else default)


def absolute(path: str) -> Path:
    """A path that a user wrote, with `~` and the current directory filled in. Raises UserError for a `~` of nobody's."""
    try:
        return Path(path).expanduser().absolute()
    except RuntimeError:
        raise UserError(f"{path}: there is no such home directory; set HOME or CODEXWRAP_HOME") from None
    except OSError as error:
        raise UserError(f"{path}: the current directory is gone ({error.strerror})") from None


def file_name(seat: str, *, folds_case: bool = _FOLDS_CASE) -> str:
    """A seat's name as a file name: itself where it is plain, else what is plain of it and a hash that keeps it apart.

    Where file names fold case, capitals are not plain.
    """
    if _PLAIN_NAME.fullmatch(seat) and not (folds_case and seat != seat.lower()):
        return seat
    import hashlib  # not on the way to an ordinary seat: the launch path counts its milliseconds

    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", seat).strip("-")[:40] or "seat"
    return f"{plain}~{hashlib.sha256(seat.encode('utf-8', 'surrogatepass')).hexdigest()[:10]}"
