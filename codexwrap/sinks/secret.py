"""Read a secret from where it may be."""

import os
import stat
from collections.abc import Mapping

from codexwrap import paths
from codexwrap.errors import UsageError, UserError
from codexwrap.sinks.outcome import NoSecretError

_LONGEST = 65536


def check(where: str, reference: str) -> None:
    """Raises UsageError for what does not say where a secret is; never with the text itself, for it may be one."""
    kind, _, name = reference.partition(":")
    if kind not in ("env", "file") or not name.strip():
        raise UsageError(f'{where} must be "env:VARIABLE" or "file:PATH": secrets are not kept in the config')
    if kind == "file" and not name.startswith(("/", "~")):
        raise UsageError(f"{where}: the file must be a path that starts with / or ~")


def read(reference: str, environ: Mapping[str, str]) -> str:
    """The secret that `env:VARIABLE` or `file:PATH` means. Raises NoSecretError."""
    kind, _, name = reference.partition(":")
    value = environ.get(name, "") if kind == "env" else _from_file(name)
    value = value.strip()
    if not value:
        raise NoSecretError(f"{name} is not set" if kind == "env" else f"{name} is empty")
    return value


def _from_file(name: str) -> str:
    try:
        fd = os.open(paths.absolute(name), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, UserError) as error:
        raise NoSecretError(f"{name}: {getattr(error, 'strerror', None) or error}") from None
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise NoSecretError(f"{name} is no file")
        if found.st_uid not in (os.geteuid(), 0) or found.st_mode & 0o077:
            mode = stat.S_IMODE(found.st_mode)
            raise NoSecretError(f"{name} can be read by others (mode {mode:04o}): chmod 600 {name}")
        return os.read(fd, _LONGEST).decode("utf-8", "replace")
    except OSError as error:
        raise NoSecretError(f"{name}: {error.strerror}") from None
    finally:
        os.close(fd)
