"""Word a timer for systemd."""

from collections.abc import Mapping
from pathlib import Path

from codexwrap.timers.job import Job

NAME = "codexwrap-watchdog"
MARK = "# Written by `codexwrap install --timer systemd`, taken away by the same with --uninstall."


def files(folder: Path, job: Job) -> dict[Path, str]:
    """The units, by their files. A pass may leave a process that delivers events: it is not ended with the pass."""
    service = f"""{MARK}
[Unit]
Description=codexwrap: one pass of the watchdog

[Service]
Type=oneshot
{_environment(job.environ)}ExecStart={" ".join(_quoted(word, dollars=True) for word in job.command)}
KillMode=process
Nice=5
TimeoutStartSec=300
"""
    timer = f"""{MARK}
[Unit]
Description=codexwrap: the watchdog, every {job.every} s

[Timer]
OnActiveSec=5
OnUnitActiveSec={job.every}
AccuracySec=1

[Install]
WantedBy=timers.target
"""
    return {folder / f"{NAME}.service": service, folder / f"{NAME}.timer": timer}


def folder(environ: Mapping[str, str], home: Path) -> Path:
    """Where a user's own units are."""
    base = environ.get("XDG_CONFIG_HOME", "")
    return (Path(base) if base.startswith("/") else home / ".config") / "systemd" / "user"


START = (
    ("systemctl", "--user", "daemon-reload"),
    ("systemctl", "--user", "enable", f"{NAME}.timer"),
    ("systemctl", "--user", "restart", f"{NAME}.timer"),
)
STOP = (("systemctl", "--user", "disable", "--now", f"{NAME}.timer"),)
GONE = (("systemctl", "--user", "daemon-reload"),)


def _environment(environ: Mapping[str, str]) -> str:
    return "".join(f"Environment={_quoted(f'{name}={value}', dollars=False)}\n" for name, value in environ.items())


def _quoted(word: str, *, dollars: bool) -> str:
    """A word as systemd.syntax has it; `%` begins a specifier, and in a command `$` a variable."""
    text = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("\n", "\\n")
    return f'"{text.replace("$", "$$") if dollars else text}"'
