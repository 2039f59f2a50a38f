import json
import os
import sys
from pathlib import Path

import pytest

from codexwrap.git import gitfacts
from codexwrap.git.gitfacts import Facts, File, Lines
from tests import repos


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repos.make(tmp_path / "repo")


def collect(cwd: Path, *, seconds: float = 30, most_files: int = 200) -> Facts:
    """The facts; and the proof that asking for them changed nothing at all in the repository."""
    root = next((path for path in (cwd, *cwd.parents) if (path / ".git").exists()), None)
    before = repos.picture(root) if root else {}
    facts = gitfacts.collect(cwd, seconds=seconds, most_files=most_files)
    assert before == (repos.picture(root) if root else {})
    assert json.loads(json.dumps(facts.to_json()))["unknown"] == list(facts.unknown)
    return facts


def file(facts: Facts, path: str) -> File:
    return next(each for each in facts.files if each.path == path)


def test_a_clean_repository(repo: Path) -> None:
    facts = collect(repo / "dir")
    assert facts._replace(took_ms=0) == Facts(
        cwd=str(repo / "dir"),
        root=str(repo),
        git_dir=str(repo / ".git"),
        branch="main",
        head=repos.line(repo, "rev-parse", "HEAD"),
        staged=Lines(0, 0, 0),
        unstaged=Lines(0, 0, 0),
        untracked=0,
        conflicts=0,
    )


def test_every_kind_of_change_is_told_with_its_lines(repo: Path) -> None:
    repos.write(repo, {"kept.txt": "1\n2\n3\n", "gone.txt": "x\n", "type.txt": "y\n", ".gitignore": "*.log\n"})
    repos.run(repo, "add", "-A")
    repos.run(repo, "commit", "-qm", "second")
    repos.write(repo, {"staged.txt": "1\n2\n", "kept.txt": "1\n2\n3\n4\n", "a.txt": "one\n"})
    repos.run(repo, "add", "staged.txt", "kept.txt")
    repos.write(repo, {"kept.txt": "1\n2\n3\n4\n5\n6\n", "new/one.txt": "", "new/two.txt": "", "ignored.log": ""})
    (repo / "binary.bin").write_bytes(b"\0\1")
    repos.run(repo, "add", "binary.bin")
    repos.write(repo, {"intent.txt": "i\n"})
    repos.run(repo, "add", "-N", "intent.txt")
    (repo / "gone.txt").unlink()
    (repo / "type.txt").unlink()
    (repo / "type.txt").symlink_to("a.txt")
    (repo / "dir/b.txt").chmod(0o755)
    facts = collect(repo / "dir")
    assert set(facts.files) == {
        File("a.txt", "", "modified", 0, 1),
        File("binary.bin", "added", ""),
        File("dir/b.txt", "", "modified", 0, 0),
        File("gone.txt", "", "deleted", 0, 1),
        File("intent.txt", "", "added", 1, 0),
        File("kept.txt", "modified", "modified", 3, 0),
        File("staged.txt", "added", "", 2, 0),
        File("type.txt", "", "type changed", 1, 1),
        File("new/one.txt", "", "untracked"),
        File("new/two.txt", "", "untracked"),
    }
    assert facts.staged == Lines(3, 3, 0)
    assert facts.unstaged == Lines(6, 4, 3)
    assert (facts.untracked, facts.conflicts, facts.files_left_out) == (2, 0, 0)


def test_conflicts_come_first_and_are_counted_apart(tmp_path: Path) -> None:
    repo = repos.conflict(tmp_path / "repo")
    repos.write(repo, {"0.txt": ""})
    facts = collect(repo)
    assert facts.operation == "merge"
    assert facts.conflicts == 2
    assert facts.staged == Lines(1, 1, 1)
    assert [each.path for each in facts.files] == ["both.txt", "gone.txt", "clean.txt", "0.txt"]
    assert file(facts, "both.txt").unstaged == "conflict"


def test_more_files_than_asked_for_are_counted(repo: Path) -> None:
    repos.write(repo, {"a.txt": "", **{f"new-{n}": "" for n in range(10)}})
    facts = collect(repo, most_files=4)
    assert [each.path for each in facts.files] == ["a.txt", "new-0", "new-1", "new-2"]
    assert (facts.files_left_out, facts.untracked) == (7, 10)
    assert collect(repo, most_files=0).files_left_out == 11


def test_more_changes_than_one_command_line_names_still_have_their_lines(tmp_path: Path) -> None:
    repo = repos.make(tmp_path / "repo", {f"{n}": "x\n" for n in range(400)})
    repos.write(repo, {f"{n}": "x\ny\n" for n in range(400)})
    assert collect(repo).unstaged == Lines(400, 400, 0)


def test_a_branch_ahead_and_behind_of_its_upstream(repo: Path, tmp_path: Path) -> None:
    repos.run(tmp_path, "clone", "-q", str(repo), "clone")
    clone = tmp_path / "clone"
    for where, times in ((repo, 2), (clone, 1)):
        for _ in range(times):
            repos.run(where, "commit", "-q", "--allow-empty", "-m", f"more in {where}")
    repos.run(clone, "fetch", "-q")
    facts = collect(clone)
    assert (facts.upstream, facts.ahead, facts.behind) == ("origin/main", 1, 2)
    repos.run(clone, "update-ref", "-d", "refs/remotes/origin/main")
    facts = collect(clone)
    assert (facts.upstream, facts.ahead, facts.behind, facts.unknown) == ("origin/main", None, None, ())


def test_an_unborn_branch_has_staged_files_and_no_head(tmp_path: Path) -> None:
    repo = repos.make(tmp_path / "repo", {})
    repos.write(repo, {"a": "1\n2\n", "b": ""})
    repos.run(repo, "add", "a")
    facts = collect(repo)
    assert (facts.branch, facts.head, facts.staged, facts.untracked) == ("main", None, Lines(1, 2, 0), 1)
    assert facts.unknown == ()


def test_a_detached_head_is_no_branch(repo: Path) -> None:
    repos.run(repo, "checkout", "-q", "--detach")
    facts = collect(repo)
    assert (facts.branch, facts.head) == (None, repos.line(repo, "rev-parse", "HEAD"))


def test_a_rebase_remembers_its_branch(repo: Path) -> None:
    repos.run(repo, "commit", "-q", "--allow-empty", "-m", "more")
    repos.run(repo, "checkout", "-q", "-b", "feature/HWD-1")
    repos.write(repo, {"a.txt": "mine\n"})
    repos.run(repo, "commit", "-qam", "mine")
    repos.run(repo, "checkout", "-q", "main")
    repos.write(repo, {"a.txt": "theirs\n"})
    repos.run(repo, "commit", "-qam", "theirs")
    repos.run(repo, "checkout", "-q", "feature/HWD-1")
    repos.run(repo, "rebase", "-q", "main", ok=False)
    facts = collect(repo)
    assert (facts.branch, facts.operation, facts.operation_branch) == (None, "rebase", "feature/HWD-1")


@pytest.mark.parametrize("operation", ["cherry-pick", "revert"])
def test_an_operation_in_progress_is_named(repo: Path, operation: str) -> None:
    for text in ("x\n", "y\n"):
        repos.write(repo, {"a.txt": text})
        repos.run(repo, "commit", "-qam", text)
    repos.run(repo, operation, "HEAD~1", ok=False)
    assert collect(repo).operation == operation


def test_a_bisect_remembers_its_branch(repo: Path) -> None:
    for _ in range(4):
        repos.run(repo, "commit", "-q", "--allow-empty", "-m", "more")
    repos.run(repo, "bisect", "start", "HEAD", "HEAD~4")
    facts = collect(repo)
    assert (facts.operation, facts.operation_branch, facts.branch) == ("bisect", "main", None)


def test_a_linked_worktree(repo: Path, tmp_path: Path) -> None:
    repos.run(repo, "worktree", "add", "-q", "-b", "other", str(tmp_path / "linked"))
    facts = gitfacts.collect(tmp_path / "linked" / "dir")
    assert (facts.is_worktree, facts.root, facts.branch) == (True, str(tmp_path / "linked"), "other")
    assert facts.git_dir == str(repo / ".git/worktrees/linked")
    assert not collect(repo).is_worktree


def test_a_submodule_and_a_nested_repository(repo: Path, tmp_path: Path) -> None:
    repos.make(tmp_path / "library")
    repos.run(repo, "submodule", "add", "-q", str(tmp_path / "library"), "lib")
    repos.run(repo, "commit", "-qm", "lib")
    repos.write(repo, {"lib/a.txt": "changed\n"})
    repos.make(repo / "nested")
    facts = collect(repo)
    assert facts.files == (File("lib", "", "modified"), File("nested/", "", "untracked"))
    inside = gitfacts.collect(repo / "lib/dir")
    assert (inside.root, inside.is_worktree) == (str(repo / "lib"), False)


def test_names_that_are_no_plain_text_survive(repo: Path) -> None:
    names = [b"new\nline", b"\xff\xfe", b'"quoted"', "ünï".encode(), b":(top)x", b"-n", b"[a]*"]
    for name in names:
        Path(repo, os.fsdecode(name)).write_text("1\n")
    repos.run(repo, "add", "-A")
    repos.run(repo, "commit", "-qm", "names")
    for name in names:
        Path(repo, os.fsdecode(name)).write_text("1\n2\n")
    facts = collect(repo)
    texts = {'"new\\nline"', '"\\377\\376"', '"\\"quoted\\""', "ünï", ":(top)x", "-n", "[a]*"}
    assert set(facts.files) == {File(text, "", "modified", 1, 0) for text in texts}
    assert facts.unstaged == Lines(7, 7, 0)


def test_a_root_with_a_line_break_in_its_name(tmp_path: Path) -> None:
    repo = repos.make(tmp_path / "with\nbreak")
    assert collect(repo / "dir").root == str(repo)


def test_an_index_lock_of_a_running_command_is_no_obstacle(repo: Path) -> None:
    repos.write(repo, {"a.txt": "changed\n", ".git/index.lock": ""})
    facts = collect(repo)
    assert facts.unstaged == Lines(1, 1, 2)
    assert facts.unknown == ()


def test_an_index_that_git_would_like_to_refresh_is_left_alone(repo: Path) -> None:
    os.utime(repo / "a.txt", (1, 1))
    facts = collect(repo)  # which compares every byte of the index
    assert facts.unstaged == Lines(0, 0, 0)


def test_settings_and_drivers_of_the_user_do_not_reach_the_facts(repo: Path) -> None:
    ran = repo.parent / "ran"
    for name, value in {
        "diff.external": f"touch {ran}",
        "diff.d.textconv": f"touch {ran}; cat",
        "core.fsmonitor": f"touch {ran}",
        "core.pager": f"touch {ran}",
        "diff.relative": "true",
        "diff.renames": "copies",
        "status.showUntrackedFiles": "all",
        "status.relativePaths": "true",
        "color.ui": "always",
        "core.quotePath": "true",
    }.items():
        repos.run(repo, "config", name, value)
    ran.unlink(missing_ok=True)
    repos.write(repo, {".git/info/attributes": "*.txt diff=d\n", "a.txt": "x\n", "ä.txt": "y\n"})
    repos.run(repo, "-c", "core.fsmonitor=", "add", "a.txt")
    repos.run(repo, "-c", "core.fsmonitor=", "mv", "dir/b.txt", "dir/c.txt")
    facts = collect(repo / "dir")
    assert facts.files == (
        File("a.txt", "modified", "", 1, 2),
        File("dir/b.txt", "deleted", "", 0, 1),
        File("dir/c.txt", "added", "", 1, 0),
        File("ä.txt", "", "untracked"),
    )
    assert not ran.exists()


def test_outside_a_repository_the_facts_say_so(tmp_path: Path) -> None:
    facts = collect(tmp_path)
    assert (facts.root, facts.branch, facts.files, facts.unknown) == (None, None, (), ("not a git repository",))
    assert collect(tmp_path / "gone").unknown == ("the directory is gone or cannot be entered",)
    bare = tmp_path / "bare.git"
    repos.run(tmp_path, "init", "-q", "--bare", str(bare))
    assert gitfacts.collect(bare).unknown == ("no working tree here: a bare repository, or git's own directory",)


def test_without_git_the_branch_is_still_known(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head = repos.line(repo, "rev-parse", "HEAD")
    monkeypatch.setenv("PATH", "/nowhere")
    facts = gitfacts.collect(repo / "dir")
    assert (facts.root, facts.branch, facts.head) == (str(repo), "main", head)
    assert (facts.staged, facts.untracked, facts.unknown) == (None, None, ("git is not installed",))


def _fake_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hangs: str) -> None:
    """A git that hangs for the commands named and is the real one for all others."""
    real = os.environ["PATH"]
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\nimport os, sys, time\n"
        f"if any(word in sys.argv for word in {hangs.split()!r}): time.sleep(600)\n"
        f"os.environ['PATH'] = {real!r}\nos.execvp('git', sys.argv)\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{real}")


def test_git_that_hangs_is_given_up_and_the_branch_still_known(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = repos.line(repo, "rev-parse", "HEAD")
    _fake_git(tmp_path, monkeypatch, "rev-parse status ls-files diff")
    facts = collect(repo, seconds=0.5)
    assert (facts.root, facts.branch, facts.head) == (str(repo), "main", head)
    assert facts.unknown == ("git did not answer within 0.5 s",)


def test_only_what_hangs_is_unknown(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repos.write(repo, {"a.txt": "", "new": ""})
    _fake_git(tmp_path, monkeypatch, "ls-files diff-files")
    facts = collect(repo, seconds=3)
    assert (facts.untracked, facts.unstaged) == (None, Lines(1, None, None))
    assert facts.files == (File("a.txt", "", "modified"),)
    assert facts.unknown == ("untracked files, unstaged lines: git did not answer within 3 s",)


def test_git_that_a_signal_ends_is_asked_once_more(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\nimport os, pathlib, signal, sys\n"
        f"seen = pathlib.Path({str(tmp_path)!r}, str(len(sys.argv)) + sys.argv[-1].replace('/', '_'))\n"
        "if not seen.exists(): seen.touch(); os.kill(os.getpid(), signal.SIGBUS)\n"
        f"os.environ['PATH'] = {os.environ['PATH']!r}\nos.execvp('git', sys.argv)\n"
    )
    program.chmod(0o755)
    repos.write(repo, {"a.txt": "", "new": ""})
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    facts = collect(repo)
    assert (facts.unstaged, facts.untracked, facts.unknown) == (Lines(1, 0, 2), 1, ())


def test_a_damaged_repository_is_said_to_be_that(repo: Path) -> None:
    (repo / ".git/index").write_bytes(b"DIRC nonsense")
    facts = collect(repo)
    assert facts.branch == "main"
    assert "index file" in facts.unknown[0]


def test_a_repository_of_somebody_else_still_has_a_branch(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nPATH={os.environ["PATH"]} GIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec git "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    facts = collect(repo)
    assert facts.branch == "main"
    assert facts.unknown == ("git refuses the repository: it belongs to another user (see git's safe.directory)",)
