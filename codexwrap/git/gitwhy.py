"""Say why git failed."""

from codexwrap.redact.redact import printable, redact

_FULL, _QUOTA = "the disk is full", "the disk quota is used up"
_READ_ONLY = "the repository cannot be written to: its file system is read-only"
_DENIED = "the repository cannot be written to: permission denied"
UNWRITABLE = frozenset({_FULL, _QUOTA, _READ_ONLY, _DENIED})  # answers that hold for whatever else would be written

_REASONS = (
    ("dubious ownership", "git refuses the repository: it belongs to another user (see git's safe.directory)"),
    ("unsafe repository", "git refuses the repository: it belongs to another user (see git's safe.directory)"),
    ("not a git repository", "not a git repository"),
    ("must be run in a work tree", "no working tree here: a bare repository, or git's own directory"),
    ("cannot change to", "the directory is gone or cannot be entered"),
    ("No space left on device", _FULL),
    ("Out of diskspace", _FULL),
    ("Disk quota exceeded", _QUOTA),
    ("Read-only file system", _READ_ONLY),
    ("insufficient permission", _DENIED),
    ("Permission denied", "permission denied"),
)


def why(verb: str, code: int, err: bytes) -> str:
    """One line that says why a call failed: ours for what happens often, else git's own last complaint."""
    lines = err.decode("utf-8", "replace").splitlines()
    own = [line for line in lines if line.startswith(("fatal: ", "error: "))]  # others may be those of a filter
    for sign, reason in _REASONS:
        if any(sign in line for line in own):
            return reason
    if code < 0:
        return f"git {verb} was ended by signal {-code}"
    said = (own or lines or [f"exit status {code}"])[-1]
    return f"git {verb}: {printable(redact(said))[:200]}"
