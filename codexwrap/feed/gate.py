"""Keep seats off a burned credential."""

import os
from collections.abc import Sequence
from pathlib import Path

from codexwrap.agents.look import Agent
from codexwrap.errors import UserError
from codexwrap.paths import State

_PROOF = 120.0  # seconds after which a seat that tries a new sign-in, and lives, has tried it

_LONG = 1 << 18  # bytes of the feed that are not worth looking through at every start

_HOMES = 500  # that are remembered

# What opens or closes an incident, as it stands in the feed.
_SIGNS = (b'"codexwrap.seat.dead"', b'"codexwrap.seat.alive"', b'"codexwrap.incident.closed"')


class ClosedError(UserError):
    """The credential has an open incident: EX_UNAVAILABLE of sysexits.h."""

    code = 69


def check(root: State, agent: Agent, home: Path, *, now: float) -> str:
    """Raises ClosedError while the credential of an agent's home is dead. Returns what there is to say, mostly nothing.

    Where it died of its sign-in, and somebody signed in again since, one seat may start, and the others when that one
    lives. Costs some 0.1 ms where no credential is dead: this stands before every start.
    """
    try:
        suspects = _suspects(root)
        if suspects is not None and not (suspects and _remembered(root, agent, home) in suspects):
            return ""
        return _look(root, agent, home, now)
    except ClosedError:
        raise
    except Exception:  # noqa: BLE001 - whatever is wrong with the feed, it keeps nobody from working
        return ""


def suspected(root: State, credential: str) -> bool:
    """Whether a credential may have an open incident; mostly false, at the price of one look at the end of the feed."""
    try:
        keys = _suspects(root)
    except OSError:
        return False
    return keys is None or credential in keys


def credential(agent: Agent, home: Path) -> str:
    """By which an agent's home is known in the feed."""
    from codexwrap import credential

    return credential.of(home, agent.account(home))


def _remembered(root: State, agent: Agent, home: Path) -> str:
    """The same, from a file while the sign-in does not change: hashing takes longer than all else here."""
    path, written = os.path.realpath(home), f"{_login_at(home / agent.credential_file):.6f}"
    lines = []
    try:
        with open(root.root / "credentials", encoding="utf-8") as file:  # noqa: PTH123
            lines = [line for line in file if line.count(" ") > 1]
    except (OSError, ValueError):
        pass
    for line in lines:
        found, when, of = line.rstrip("\n").split(" ", 2)
        if of == path and when == written:
            return found
    own = credential(agent, home)
    if path.isprintable():
        from codexwrap import atomic

        others = [line for line in lines if line.rstrip("\n").split(" ", 2)[2] != path]
        text = "".join([*others[-_HOMES:], f"{own} {written} {path}\n"])
        atomic.write(root.root / "credentials", text.encode(), durable=False)
    return own


def _suspects(root: State) -> Sequence[str] | None:
    """What had an open incident when the feed was last read; None where the feed may tell of more since."""
    try:
        fd = os.open(root.feed, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return ()
    try:
        offset, start, keys = _read_already(root)
        if os.pread(fd, len(start), 0) != start:
            return None
        tail = os.pread(fd, _LONG, offset)
    finally:
        os.close(fd)
    return None if len(tail) == _LONG or any(sign in tail for sign in _SIGNS) else keys


def _read_already(root: State) -> tuple[int, bytes, list[str]]:
    """Up to which byte, of the feed that begins how, and what had an open incident."""
    try:
        with open(root.root / "incidents", encoding="utf-8") as known:  # noqa: PTH123 - the launch path counts its calls
            offset, start, *keys = known.readline().split()
        return int(offset), bytes.fromhex(start), keys
    except (OSError, ValueError):
        return 0, b"", []


def _look(root: State, agent: Agent, home: Path, now: float) -> str:
    from codexwrap.feed import known
    from codexwrap.feed.incidents import DEAD

    own = credential(agent, home)
    found = [each for each in known.load(root).incidents.open(now) if each.key == own and each.severity == DEAD]
    if not found:
        return ""
    (incident,) = found
    from codexwrap.redact.redact import printable

    seats = printable(", ".join(each.seat for each in list(incident.casualties.values())[:5]))
    more = len(incident.casualties) - 5
    died = f"{seats}{f' and {more} more' if more > 0 else ''} died of {incident.cause} on this sign-in"
    login = _login_at(home / agent.credential_file)
    if login <= incident.last_at or not incident.cause.startswith("auth."):
        raise ClosedError(f"not started: {died}. {incident.remedy} (codexwrap --force starts it all the same)")
    tried = _try(root.root / "tries" / own, login, now)
    if tried is None:
        return f"{died}; you signed in again since: this seat tries it first"
    if now - tried < _PROOF:
        raise ClosedError(
            f"not started: {died}. Since then somebody signed in again, and a first seat tries that: start this one "
            f"in {_PROOF - (now - tried):.0f} s (codexwrap --force starts it now)"
        )
    return ""


def _login_at(path: Path) -> float:
    """When the agent last wrote its sign-in."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _try(path: Path, login: float, now: float) -> float | None:
    """When a seat first tried a sign-in, None for the one that does so now."""
    from codexwrap import atomic

    atomic.private_dir(path.parent)
    name = path.with_name(f"{path.name}-{login:.6f}")
    try:
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, atomic.FILE_MODE))
    except FileExistsError:
        return name.stat().st_mtime
    os.utime(name, (now, now))
    for old in path.parent.glob(f"{path.name}-*"):
        if old != name:
            old.unlink(missing_ok=True)
    return None
