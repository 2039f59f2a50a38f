"""Check the state root and the config."""

import os
import stat
from collections.abc import Mapping, Sequence

from codexwrap import atomic, config, journal, paths
from codexwrap.checks.finding import Finding
from codexwrap.errors import UserError
from codexwrap.paths import State


def check(root: State, environ: Mapping[str, str]) -> Sequence[Finding]:
    """Whether the state root can be written by its owner and read by nobody else, the feed be read, the config be used."""
    return [_root(root), _feed(root), _config(environ)]


def _root(root: State) -> Finding:
    what = "state root"
    try:
        atomic.private_dir(root.root)
        probe = root.root / f".probe-{os.getpid()}"
        atomic.write(probe, b"x")
        probe.unlink()
        mode = stat.S_IMODE(root.root.stat().st_mode)
    except OSError as error:
        return Finding(what, False, f"{root.root} cannot be written: {error.strerror}")
    if mode & 0o077:
        return Finding(what, False, f"{root.root} can be read by others (mode {mode:04o}): chmod 700 {root.root}")
    return Finding(what, True, str(root.root))


def _feed(root: State) -> Finding:
    try:
        found = journal.read(root.feed)
    except OSError as error:
        return Finding("feed", False, f"{root.feed} cannot be read: {error.strerror}")
    skipped = f", {found.skipped} lines that hold none" if found.skipped else ""
    return Finding("feed", not found.skipped, f"{len(found.entries)} events{skipped}")


def _config(environ: Mapping[str, str]) -> Finding:
    try:
        config.load(environ)
        path = paths.config(environ)
    except UserError as error:
        return Finding("config", False, str(error))
    return Finding("config", True, str(path) if path.exists() else f"{path} is not there: all is as by default")
