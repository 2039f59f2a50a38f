"""Keep a line in the crontab."""

import os
import shlex
import subprocess

from codexwrap.errors import UserError
from codexwrap.timers.job import Job

_SECONDS = 20
_LONGEST = 990  # characters; Vixie's cron takes 998 in a command


def line(job: Job) -> str:
    """The job as a line of a crontab: every full minute at most. Raises UserError for one that cron cannot take."""
    minutes = min(59, max(1, round(job.every / 60)))
    when = "* * * * *" if minutes == 1 else f"*/{minutes} * * * *"
    settings = " ".join(f"{name}={shlex.quote(value)}" for name, value in job.environ.items())
    command = f"{settings} {shlex.join(job.command)} >/dev/null 2>&1"
    if "\n" in command or len(command) > _LONGEST:
        raise UserError("cron takes no command of several lines or of more than 990 characters: shorten the PATH")
    escaped = command.replace("%", "\\%")  # else a line break to cron
    return f"{when} {escaped}"


def read() -> bytes:
    """This user's crontab; empty where there is none. Raises UserError where cron is missing or refuses."""
    answer = _crontab("-l")
    if answer.returncode and b"no crontab" not in answer.stderr:
        raise UserError(f"crontab -l: {os.fsdecode(answer.stderr).strip() or answer.returncode}")
    return answer.stdout if not answer.returncode else b""


def write(text: bytes) -> None:
    """Put another crontab in place; an empty one is removed. Raises UserError."""
    answer = _crontab("-", text=text) if text else _crontab("-r")
    if answer.returncode:
        raise UserError(f"crontab: {os.fsdecode(answer.stderr).strip() or answer.returncode}")


def _crontab(*arguments: str, text: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["crontab", *arguments],
            input=text or b"",
            env={**os.environ, "LC_ALL": "C"},
            capture_output=True,
            timeout=_SECONDS,
        )
    except FileNotFoundError:
        raise UserError("there is no crontab on this machine: install cron, or use --timer systemd") from None
    except subprocess.TimeoutExpired:
        raise UserError("crontab did not answer") from None
