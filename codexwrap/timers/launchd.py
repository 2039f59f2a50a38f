"""Word a timer for launchd."""

import plistlib
from pathlib import Path

from codexwrap.timers.job import Job

LABEL = "codexwrap.watchdog"


def files(folder: Path, job: Job) -> dict[Path, str]:
    """The agent's property list. A pass may leave a process that delivers events: it is not ended with the pass."""
    content = {
        "Label": LABEL,
        "ProgramArguments": list(job.command),
        "EnvironmentVariables": job.environ,
        "StartInterval": job.every,
        "RunAtLoad": True,
        "AbandonProcessGroup": True,
        "ProcessType": "Background",
    }
    return {folder / f"{LABEL}.plist": plistlib.dumps(content, sort_keys=False).decode()}


def is_ours(text: str) -> bool:
    """Whether a property list is one of these."""
    try:
        content = plistlib.loads(text.encode())
    except (ValueError, plistlib.InvalidFileException):
        return False
    return isinstance(content, dict) and content.get("Label") == LABEL


def folder(home: Path) -> Path:
    """Where a user's own agents are."""
    return home / "Library" / "LaunchAgents"


def start(path: Path, user: int) -> tuple[tuple[str, ...], ...]:
    """The commands that have launchd take it up, after those of `stop`."""
    return (("launchctl", "bootstrap", f"gui/{user}", str(path)),)


def stop(user: int) -> tuple[tuple[str, ...], ...]:
    return (("launchctl", "bootout", f"gui/{user}/{LABEL}"),)
