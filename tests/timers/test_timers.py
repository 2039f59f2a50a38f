"""What is written for systemd, launchd and cron is what they take."""

import os
import plistlib
import subprocess
from pathlib import Path

import pytest

from codexwrap.errors import UserError
from codexwrap.timers import cron, job, launchd, systemd
from codexwrap.timers.job import Job
from tests.support import need

ODD = Job(
    ("/opt/100% $HOME/bin/codexwrap", "watchdog", "--once", 'it\'s "x" \\'),
    {"PATH": "/a b:/usr/bin", "CODEXWRAP_HOME": "/home/100%/$x"},
    90,
)


def test_the_job_is_absolute_and_finds_what_a_pass_needs(tmp_path: Path) -> None:
    for name in ("tmux", "codex"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text("#!/bin/sh\n")
        (tmp_path / name / name).chmod(0o755)
    path = f"{tmp_path}/tmux:{tmp_path}/nothing:{tmp_path}/codex"
    made = job.watchdog({"PATH": path, "CODEXWRAP_HOME": "/state", "CODEX_HOME": "relative", "SECRET": "x"}, 60)
    assert made.command[0].startswith("/")
    assert made.command[-4:] == ("watchdog", "--once", "--every", "60")
    folders = made.environ["PATH"].split(":")
    assert folders == [f"{tmp_path}/tmux", f"{tmp_path}/codex", "/usr/local/bin", "/usr/bin", "/bin"]
    assert made.environ == {"PATH": made.environ["PATH"], "CODEXWRAP_HOME": "/state"}


def test_systemd_takes_the_units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = systemd.files(tmp_path, Job(("/bin/echo", *ODD.command[1:], "100% $HOME"), ODD.environ, ODD.every))
    for path, text in made.items():
        path.write_text(text)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    verify = [need("systemd-analyze"), "--user", "verify", *map(str, made)]
    done = subprocess.run(verify, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not [line for line in done.stderr.splitlines() if str(tmp_path) in line or "codexwrap" in line], done.stderr
    service = made[tmp_path / "codexwrap-watchdog.service"]
    assert 'ExecStart="/bin/echo" "watchdog" "--once" "it\'s \\"x\\" \\\\" "100%% $$HOME"' in service
    assert 'Environment="CODEXWRAP_HOME=/home/100%%/$x"' in service
    assert "OnUnitActiveSec=90" in made[tmp_path / "codexwrap-watchdog.timer"]


def test_launchd_is_given_a_property_list(tmp_path: Path) -> None:
    ((path, text),) = launchd.files(tmp_path, ODD).items()
    content = plistlib.loads(text.encode())
    assert path.name == f"{content['Label']}.plist"
    assert tuple(content["ProgramArguments"]) == ODD.command
    assert (content["EnvironmentVariables"], content["StartInterval"]) == (ODD.environ, 90)
    assert launchd.is_ours(text)
    assert not launchd.is_ours(text.replace("codexwrap.watchdog", "another"))
    assert not launchd.is_ours("no property list")


def test_a_line_of_cron_runs_the_command_as_it_is(tmp_path: Path) -> None:
    shown = tmp_path / "shown 100%"
    script = tmp_path / "it's a 100% script"
    script.write_text(f'#!/bin/sh\nprintf "%s|" "$CODEXWRAP_HOME" "$@" > "{shown}"\n')
    script.chmod(0o755)
    made = cron.line(Job((str(script), *ODD.command[1:]), ODD.environ, 60))
    when, command = made[:9], made[10:]
    assert when == "* * * * *"
    # What cron does: a `%` that is not escaped ends the command, and the backslash goes.
    assert "%" not in command.replace("\\%", "")
    subprocess.run(["/bin/sh", "-c", command.replace("\\%", "%")], check=True, env={})
    assert shown.read_text() == '/home/100%/$x|watchdog|--once|it\'s "x" \\|'


@pytest.mark.parametrize(("every", "when"), [(1, "* * * * *"), (60, "* * * * *"), (300, "*/5 * * * *")])
def test_cron_knows_only_minutes(every: int, when: str) -> None:
    assert cron.line(Job(("/x",), {}, every)).startswith(f"{when} ")


def test_cron_is_not_given_what_it_would_cut() -> None:
    with pytest.raises(UserError, match="cron takes no command"):
        cron.line(Job(("/x",), {"PATH": "/x" * 600}, 60))


def test_no_cron_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    with pytest.raises(UserError, match="there is no crontab on this machine"):
        cron.read()
