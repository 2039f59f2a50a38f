"""A timer is put in place, shown, found in place, and taken away."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from codexwrap.commands import install
from codexwrap.errors import UsageError, UserError
from codexwrap.paths import State
from codexwrap.watchdog import heartbeat
from tests import commandline
from tests.support import eventually, need

FILES = {
    "systemd": [".config/systemd/user/codexwrap-watchdog.service", ".config/systemd/user/codexwrap-watchdog.timer"],
    "launchd": ["Library/LaunchAgents/codexwrap.watchdog.plist"],
}
CRONTAB = """#!/bin/sh
table=$HOME/crontab
case $1 in
-l) cat "$table" 2>/dev/null || { echo "no crontab for user" >&2; exit 1; } ;;
-r) rm "$table" ;;
-) cat > "$table" ;;
esac
"""


@pytest.fixture(autouse=True)
def tools(tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's own programs, played: they write down how they are called."""
    for name in ("systemctl", "launchctl"):
        commandline.program(tmp_path, name, f'echo "{name} $*" >> {tmp_path}/calls')
    commandline.program(tmp_path, "crontab", "").write_text(CRONTAB)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")


def calls(tmp_path: Path) -> list[str]:
    path = tmp_path / "calls"
    found = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return found


@pytest.mark.parametrize("name", FILES)
def test_it_shows_what_it_writes(name: str, own_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert install.main(["--timer", name, "--print"]) == 0
    assert not any((own_home / file).exists() for file in FILES[name])
    capsys.readouterr()
    assert install.main(["--timer", name]) == 0
    said = capsys.readouterr().out
    for file in FILES[name]:
        assert f"{own_home / file} becomes:\n" in said
        for line in (own_home / file).read_text().splitlines():
            assert f"  {line}\n" in said
        assert (own_home / file).stat().st_mode & 0o777 == 0o644
    started = {
        "systemd": ["daemon-reload", "enable codexwrap-watchdog.timer", "restart codexwrap-watchdog.timer"],
        "launchd": ["bootout", "bootstrap"],
    }
    assert [any(word in call for call in calls(tmp_path)) or word for word in started[name][:1]] == [True]


@pytest.mark.parametrize("name", FILES)
def test_twice_is_once_and_uninstall_leaves_nothing(
    name: str, own_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install.main(["--timer", name])
    before = [(own_home / file).stat().st_ino for file in FILES[name]]
    capsys.readouterr()
    install.main(["--timer", name])
    assert "has this already" in capsys.readouterr().out
    assert [(own_home / file).stat().st_ino for file in FILES[name]] == before
    calls(tmp_path)
    assert install.main(["--timer", name, "--uninstall"]) == 0
    assert not any((own_home / file).exists() for file in FILES[name])
    stopped = {"systemd": "disable --now codexwrap-watchdog.timer", "launchd": "bootout"}[name]
    assert any(stopped in call for call in calls(tmp_path))
    capsys.readouterr()
    assert install.main(["--timer", name, "--uninstall"]) == 0
    assert capsys.readouterr().out == "no timer of codexwrap's is set up there\n"


@pytest.mark.parametrize("name", FILES)
def test_what_somebody_else_wrote_is_not_touched(name: str, own_home: Path) -> None:
    path = own_home / FILES[name][0]
    path.parent.mkdir(parents=True)
    path.write_text("[Unit]\n")
    for option in ([], ["--uninstall"]):
        with pytest.raises(UserError, match="was not written by codexwrap"):
            install.main(["--timer", name, *option])
    assert path.read_text() == "[Unit]\n"


def test_a_system_that_cannot_be_told_is_named_with_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commandline.program(tmp_path, "systemctl", "echo 'Failed to connect to bus' >&2; exit 1")
    assert install.main(["--timer", "systemd"]) == 0
    assert (
        "Note: systemctl --user daemon-reload did not work (Failed to connect to bus); run it where it does."
        in capsys.readouterr().out
    )


def test_a_crontab_keeps_all_that_is_its_owners(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = own_home / "crontab"
    table.write_text("MAILTO=me\n5 4 * * * backup\n")
    install.main(["--timer", "cron"])
    text = table.read_text()
    assert text.startswith("MAILTO=me\n5 4 * * * backup\n# >>> codexwrap >>>\n* * * * * PATH=")
    assert "watchdog --once --every 60 >/dev/null 2>&1\n" in text
    capsys.readouterr()
    install.main(["--timer", "cron"])
    assert "has these lines already" in capsys.readouterr().out
    assert table.read_text() == text
    install.main(["--timer", "cron", "--every", "300"])
    assert table.read_text().count("codexwrap >>>") == 1
    assert "*/5 * * * *" in table.read_text()
    install.main(["--timer", "cron", "--uninstall"])
    assert table.read_text() == "MAILTO=me\n5 4 * * * backup\n"


def test_a_crontab_in_which_nothing_else_was_is_gone_again(own_home: Path) -> None:
    install.main(["--timer", "cron"])
    assert (own_home / "crontab").exists()
    install.main(["--timer", "cron", "--uninstall"])
    assert not (own_home / "crontab").exists()


def test_a_timer_is_no_shell() -> None:
    with pytest.raises(UsageError, match="--timer goes without --shell"):
        install.main(["--timer", "cron", "--shell", "bash"])


@pytest.fixture
def real_crontab(tools: None, tmp_path: Path) -> Iterator[None]:
    """The system's own; that of whoever runs the tests is as it was afterwards."""
    (tmp_path / "bin" / "crontab").unlink()
    crontab = need("crontab")
    before = subprocess.run([crontab, "-l"], capture_output=True)
    yield
    if before.returncode:
        subprocess.run([crontab, "-r"], capture_output=True)
    else:
        subprocess.run([crontab, "-"], input=before.stdout, check=True)


@pytest.mark.timeout(150)
def test_a_real_cron_runs_it(tmp_path: Path, real_crontab: None, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.getuid() != 0:
        pytest.skip("only root may start a cron")
    monkeypatch.setenv("CODEXWRAP_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("CODEX_HOME", str(tmp_path / "home"))
    daemon = subprocess.Popen([need("cron"), "-f"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        start = time.time()
        assert install.main(["--timer", "cron"]) == 0
        root = State(tmp_path / "state")
        record = eventually(lambda: heartbeat.read(root), within=130, every=0.5)
    finally:
        daemon.terminate()
        daemon.wait()
    assert record is not None
    assert record["every"] == 60
    assert heartbeat.overdue(root, start + 60) is None
    assert heartbeat.overdue(root, start + 6000) is not None
