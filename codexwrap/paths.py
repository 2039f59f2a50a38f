"""Know where files live."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class State(NamedTuple):
    """The state root and what is in it. Nothing here touches the disk."""

    root: Path

    @property
    def feed(self) -> Path:
        return self.root / "feed.jsonl"

    def seat(self, name: str) -> Path:
        return self.root / "seats" / file_name(name)

    def checkpoints(self, name: str) -> Path:
        return self.root / "checkpoints" / file_name(name)

    def recordings(self, name: str) -> Path:
        return self.root / "recordings" / file_name(name)

    @property
    def dead_seats(self) -> Path:
        return self.root / "dead-seats"


def state(environ: Mapping[str, str]) -> State:
    """`$CODEXWRAP_HOME`, else `$XDG_STATE_HOME/codexwrap`, else `~/.local/state/codexwrap`."""
    if home := environ.get("CODEXWRAP_HOME"):
        return State(Path(home).expanduser().absolute())
    base = environ.get("XDG_STATE_HOME") or "~/.local/state"
    return State(Path(base).expanduser().absolute() / "codexwrap")


def config(environ: Mapping[str, str]) -> Path:
    """`$CODEXWRAP_CONFIG`, else `$XDG_CONFIG_HOME/codexwrap/config.toml`, else the same under `~/.config`."""
    if path := environ.get("CODEXWRAP_CONFIG"):
        return Path(path).expanduser().absolute()
    base = environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser().absolute() / "codexwrap" / "config.toml"


def file_name(seat: str) -> str:
    """A seat's name as a file name: itself where it is plain, else what is plain of it and a hash that keeps it apart."""
    if _PLAIN_NAME.fullmatch(seat):
        return seat
    import hashlib  # not on the way to an ordinary seat: the launch path counts its milliseconds

    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", seat).strip("-")[:40] or "seat"
    return f"{plain}~{hashlib.sha256(seat.encode('utf-8', 'surrogateescape')).hexdigest()[:10]}"
