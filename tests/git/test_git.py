import os
import stat
import sys
from functools import partial
from pathlib import Path

import pytest

from codexwrap.git import git
from codexwrap.git.git import Answer, Call
from tests import repos
from tests.support import eventually


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repos.make(tmp_path / "repo")


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program called git that is found first; tests write it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    program = folder / "git"
    program.touch(mode=0o755)
    return program


def ask(cwd: Path | str, *args: str | bytes, seconds: float = 20, stdin: bytes = b"") -> Answer:
    return git.run(cwd, Call(args, stdin=stdin), git.within(seconds))


def test_an_answer_holds_what_git_said(repo: Path) -> None:
    answer = ask(repo, "rev-parse", "--show-toplevel")
    assert (answer.ok, answer.why, answer.line) == (True, "", str(repo))


def test_a_relative_directory_is_the_callers(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo)
    assert ask("dir", "rev-parse", "--show-prefix").line == "dir/"


def test_large_input_and_output_do_not_block_each_other(repo: Path) -> None:
    blob = repos.run(repo, "hash-object", "-w", "--stdin", stdin=b"x" * 100_000).strip()
    answer = ask(repo, "cat-file", "--batch", stdin=(blob + b"\n") * 200)
    assert len(answer.out) > 200 * 100_000


def test_git_that_reads_nothing_of_its_input_is_no_error(repo: Path) -> None:
    assert ask(repo, "rev-parse", "HEAD", stdin=b"x" * 1_000_000).ok


def test_calls_run_at_the_same_time(fake: Path, tmp_path: Path) -> None:
    fake.write_text(
        f"#!/bin/sh\ncd {tmp_path}\nfor name; do :; done\n: > started-$name\n"
        "until [ -e started-one ] && [ -e started-two ]; do sleep 0.01; done\necho $name\n"
    )
    answers = git.run_all(tmp_path, [Call(["one"]), Call(["two"])], git.within(20))
    assert [answer.line for answer in answers] == ["one", "two"]


def test_git_that_is_missing(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repo))
    assert ask(repo, "status") == Answer(None, why="git is not installed")


def test_git_that_cannot_be_run(repo: Path, fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(fake.parent))
    fake.write_bytes(b"\x7fELF nonsense")
    assert ask(repo, "status").why.startswith("git cannot be run: ")


@pytest.mark.parametrize("deaf", ["child", "git"])
def test_git_that_hangs_is_ended_with_all_its_children(fake: Path, tmp_path: Path, deaf: str) -> None:
    fake.write_text(
        f"#!{sys.executable}\n"
        "import os, signal, sys, time\n"
        "name = 'git' if os.fork() else 'child'\n"
        f"if name == {deaf!r}: signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"open({str(tmp_path)!r} + '/pid-' + name, 'w').write(str(os.getpid()))\n"
        "print('so far', flush=True)\n"
        "time.sleep(600)\n"
    )
    answer = ask(tmp_path, "status", seconds=1)
    assert answer.code is None
    assert answer.why == "git did not answer within 1 s"
    assert b"so far" in answer.out
    for name in ("pid-git", "pid-child"):
        eventually(partial(_gone, int((tmp_path / name).read_text())))


def test_git_gets_the_chance_to_remove_its_locks(fake: Path, tmp_path: Path) -> None:
    fake.write_text(f"#!/bin/sh\ntrap 'echo cleaned > {tmp_path}/trap; exit 1' TERM\nwhile :; do sleep 0.01; done\n")
    ask(tmp_path, "gc", seconds=1)
    assert (tmp_path / "trap").read_text() == "cleaned\n"


def test_calls_share_one_deadline() -> None:
    deadline = git.within(100)
    assert 40 < deadline.share(0.5).left() <= 50
    assert git.within(-1).left() == 0


@pytest.mark.parametrize(
    "name", ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_NAMESPACE"]
)
def test_the_repository_is_the_directorys_whatever_the_environment_says(
    repo: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "/nowhere")
    assert ask(repo, "ls-files").out == b"a.txt\ndir/b.txt\n"


def test_configuration_from_the_environment_is_kept(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"COUNT": "1", "KEY_0": "some.name", "VALUE_0": "value"}.items():
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    assert ask(repo, "config", "some.name").line == "value"


def test_no_hook_runs(repo: Path) -> None:
    ran = repo / "hook-ran"
    for hook in ("reference-transaction", "post-index-change"):
        path = repo / ".git/hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n: > {ran}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    assert ask(repo, "update-ref", "refs/codexwrap/x", "HEAD").ok
    assert ask(repo, "update-index", "--force-write-index").ok
    assert not ran.exists()
    repos.run(repo, "update-ref", "refs/heads/x", "HEAD")
    assert ran.exists(), "the hook works when it is the user who asks"


def test_nothing_is_fetched(repo: Path, tmp_path: Path) -> None:
    repos.run(repo, "config", "uploadpack.allowFilter", "true")
    repos.run(tmp_path, "clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{repo}", "clone")
    clone = tmp_path / "clone"
    answer = ask(clone, "cat-file", "blob", "HEAD:a.txt")
    assert not answer.ok
    assert "could not fetch" in answer.why
    assert git.run(clone, Call(["cat-file", "blob", "HEAD:a.txt"], online=True), git.within(20)).ok


def test_what_fails_is_said_in_one_line(repo: Path, tmp_path: Path) -> None:
    assert ask(tmp_path, "status").why == "not a git repository"
    assert ask(tmp_path / "gone", "status").why == "the directory is gone or cannot be entered"
    assert ask(repo / ".git", "status").why.startswith("no working tree here")
    assert ask(repo, "cat-file", "blob", "nonsense").why == "git cat-file: fatal: Not a valid object name nonsense"
    assert ask("nul\0byte", "status").why.startswith("git cannot be run: ")
    assert ask(repo, "cat-file", "blob", "\x1b[31m ghp_" + "a1" * 18).why == (
        "git cat-file: fatal: Not a valid object name ?[31m [redacted github-token]"
    )


def test_a_repository_of_somebody_else_is_said_to_be_that(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert "belongs to another user" not in ask(repo, "status").why, "a test variable of git's is not handed on"
    answer = git.run(repo, Call(["status"], environ={"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}), git.within(20))
    assert "belongs to another user" in answer.why


def test_git_that_is_killed_is_said_to_be_that(fake: Path, tmp_path: Path) -> None:
    fake.write_text("#!/bin/sh\nkill -9 $$\n")
    assert ask(tmp_path, "status").why == "git status was ended by signal 9"


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z" if Path(f"/proc/{pid}/stat").exists() else False
