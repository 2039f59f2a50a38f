import json
import os
import shutil
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from codexwrap.git import git, saved, scratch, snapshot
from codexwrap.git.saved import Saved
from codexwrap.git.snapshot import NoSnapshot, Snapshot
from codexwrap.git.treesort import Limits, Note
from tests import repos
from tests.support import need

REF = "refs/codexwrap/seat/1"
LIMITS = snapshot.LIMITS


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repos.make(tmp_path / "repo")


def take(cwd: Path, *, ref: str = REF, limits: Limits = LIMITS, git_dir: Path | None = None) -> Snapshot:
    """A snapshot; and the proof that it changed nothing of the user's and left the repository sound."""
    root = next(path for path in (cwd, *cwd.parents) if (path / ".git").exists())
    before = repos.picture(root, git_dir=git_dir)
    taken = snapshot.take(cwd, ref, message="for a test", seconds=30, limits=limits)
    assert isinstance(taken, Snapshot), taken
    assert repos.picture(root, git_dir=git_dir) == before
    sound(root)
    assert repos.line(root, "rev-parse", taken.ref) == taken.commit
    assert json.loads(json.dumps(taken.to_json()))["commit"] == taken.commit
    return taken


def sound(root: Path) -> None:
    printed = repos.run(root, "fsck", "--strict", "--no-dangling", "--no-progress")
    objects = Path(repos.line(root, "rev-parse", "--path-format=absolute", "--git-path", "objects"))
    assert printed == b""
    assert not list(objects.glob("tmp_*"))


def read(cwd: Path, name: str) -> Saved:
    return saved.read(cwd, name, git.within(20))


def refused(cwd: Path, *, seconds: float = 30) -> str:
    """Why there is no snapshot; and the proof that not even an object was left."""
    objects = cwd / ".git/objects"
    before = sorted(objects.rglob("*")), repos.picture(cwd)
    taken = snapshot.take(cwd, REF, message="for a test", seconds=seconds)
    assert isinstance(taken, NoSnapshot), taken
    assert (sorted(objects.rglob("*")), repos.picture(cwd)) == before
    return taken.why


def test_a_snapshot_holds_the_whole_working_tree(repo: Path) -> None:
    repos.write(repo, {"staged.txt": "staged\n", "both.txt": "staged\n"})
    repos.run(repo, "add", "-A")
    repos.write(repo, {"both.txt": "later\n", "a.txt": "changed\n", "new/deep/file": "new\n", ".gitignore": "*.log\n"})
    repos.write(repo, {"run.sh": "#!/bin/sh\n", "empty": ""})
    (repo / "run.sh").chmod(0o755)
    (repo / "binary").write_bytes(bytes(range(256)))
    (repo / "link").symlink_to("dir/nowhere")
    (repo / "linked-folder").symlink_to("new")
    (repo / "dir/b.txt").unlink()
    expected = repos.disk(repo)
    repos.write(repo, {"ignored.log": "ignored\n"})
    taken = take(repo)
    assert repos.tree(repo, taken.commit) == expected
    assert (taken.skipped, taken.notes, taken.is_new) == ((), (), True)


def test_its_parents_are_head_and_the_index(repo: Path) -> None:
    repos.write(repo, {"a.txt": "staged\n", "new.txt": "new\n"})
    repos.run(repo, "add", "-A")
    repos.write(repo, {"a.txt": "later\n"})
    taken = take(repo)
    staged = read(repo, taken.commit).staged
    assert repos.line(repo, "rev-parse", f"{taken.commit}^1") == repos.line(repo, "rev-parse", "HEAD") == taken.head
    assert repos.line(repo, "rev-parse", f"{taken.commit}^2") == staged
    assert repos.line(repo, "rev-parse", f"{staged}^") == taken.head
    assert repos.tree(repo, staged)[b"a.txt"] == ("100644", b"staged\n")
    assert repos.line(repo, "rev-parse", f"{staged}^{{tree}}") == repos.line(repo, "write-tree")


def test_the_same_index_is_the_same_commit_at_any_time(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_COMMITTER_DATE", "@1234567890 +0100")
    repos.run(repo, "commit", "-q", "--allow-empty", "-m", "old")
    take(repo)
    assert repos.line(repo, "show", "-s", "--format=%at %ct", read(repo, REF).staged) == "1234567890 1234567890"


def test_a_snapshot_from_within_a_folder_is_of_all(repo: Path) -> None:
    repos.write(repo, {"a.txt": "changed\n"})
    assert repos.tree(repo, take(repo / "dir").commit) == repos.disk(repo)


def test_the_identity_is_ours_and_nothing_of_the_users_is_needed(
    repo: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Somebody Else")
    repos.run(repo, "config", "commit.gpgSign", "true")
    repos.run(repo, "config", "gpg.program", "false")
    repos.run(repo, "config", "user.useConfigOnly", "true")
    repos.run(repo, "config", "core.logAllRefUpdates", "always")
    repos.run(repo, "config", "i18n.commitEncoding", "latin1")
    at = 1_700_000_000
    taken = snapshot.take(repo, REF, message="größe", at=at)
    assert isinstance(taken, Snapshot)
    text = repos.line(repo, "cat-file", "commit", REF)
    for who in ("author", "committer"):
        assert f"\n{who} codexwrap <codexwrap@localhost> {at} +0000\n" in text
    assert "\n\ngröße\n\n" in text
    assert "\nencoding " not in text
    assert not (repo / ".git/logs/refs/codexwrap").exists()


def test_no_secret_is_in_the_message(repo: Path) -> None:
    taken = snapshot.take(repo, REF, message="last prompt: use ghp_" + "a1" * 18 + "\n\nCodexwrap-Staged: nonsense")
    assert isinstance(taken, Snapshot)
    text = repos.line(repo, "show", "-s", "--format=%B", REF)
    assert text.startswith("last prompt: use [redacted github-token]")
    assert read(repo, REF).staged == repos.line(repo, "rev-parse", f"{REF}^2"), "a message cannot forge a trailer"


def test_nothing_is_written_while_nothing_changes(repo: Path) -> None:
    repos.write(repo, {"a.txt": "changed\n", "new": "new\n"})
    first = take(repo)
    files = sorted((repo / ".git").rglob("*"))
    second = take(repo, ref="refs/codexwrap/seat/2")
    assert second._replace(took_ms=0) == first._replace(is_new=False, took_ms=0)
    assert sorted((repo / ".git").rglob("*")) == files


@pytest.mark.parametrize(
    "change",
    [
        lambda repo: repos.write(repo, {"new": "other\n"}),
        lambda repo: repos.run(repo, "add", "new"),
        lambda repo: repos.run(repo, "commit", "-q", "--allow-empty", "-m", "more"),
        lambda repo: (repo / "a.txt").chmod(0o755),
        lambda repo: (repo / "a.txt").unlink(),
    ],
    ids=["tree", "index", "head", "mode", "deletion"],
)
def test_whatever_changes_is_worth_a_snapshot(repo: Path, change: object) -> None:
    repos.write(repo, {"new": "new\n"})
    first = take(repo)
    assert callable(change)
    change(repo)
    second = take(repo, ref="refs/codexwrap/seat/2")
    assert second.is_new
    assert second.commit != first.commit


def test_it_is_the_newest_snapshot_that_counts(repo: Path) -> None:
    for number, text in enumerate(["one", "two", "one"]):
        repos.write(repo, {"a.txt": text})
        assert take(repo, ref=f"refs/codexwrap/seat/{number}").is_new
    assert take(repo, ref="refs/codexwrap/seat/9").ref == "refs/codexwrap/seat/2"
    assert take(repo, ref="refs/codexwrap/other/9").is_new, "each seat has its own"


def test_the_newest_is_the_last_by_time_and_then_by_name(repo: Path) -> None:
    for text, name, at in (("one", "c", 1000), ("two", "a", 2000), ("three", "b", 2000)):
        repos.write(repo, {"a.txt": text})
        assert isinstance(snapshot.take(repo, f"refs/codexwrap/seat/{name}", message="", at=at), Snapshot)
    assert take(repo, ref="refs/codexwrap/seat/d").ref == "refs/codexwrap/seat/b"


def test_an_unborn_branch(tmp_path: Path) -> None:
    repo = repos.make(tmp_path / "repo", {})
    assert repos.tree(repo, take(repo, ref="refs/codexwrap/seat/0").commit) == {}
    repos.write(repo, {"a": "1\n", "HEAD": "a file of this name\n"})
    repos.run(repo, "add", "a")
    repos.write(repo, {"a": "2\n", "b": ""})
    taken = take(repo)
    assert taken.head is None
    assert read(repo, REF).head is None
    assert repos.tree(repo, REF) == repos.disk(repo)
    assert repos.tree(repo, read(repo, REF).staged) == {b"a": ("100644", b"1\n")}
    assert not take(repo, ref="refs/codexwrap/seat/2").is_new


def test_a_detached_head(repo: Path) -> None:
    repos.run(repo, "checkout", "-q", "--detach")
    repos.write(repo, {"a.txt": "changed\n"})
    assert repos.tree(repo, take(repo).commit) == repos.disk(repo)


def test_a_linked_worktree(repo: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    repos.run(repo, "worktree", "add", "-q", "-b", "other", str(linked))
    repos.write(linked, {"a.txt": "changed\n", "new": ""})
    main = repos.picture(repo)
    taken = take(linked, git_dir=repo / ".git/worktrees/linked")
    assert repos.tree(repo, taken.commit) == repos.disk(linked)
    assert repos.picture(repo) == main
    assert repos.line(repo, "rev-parse", REF) == taken.commit, "refs are shared"


def test_a_conflict_is_saved_with_all_its_sides(tmp_path: Path) -> None:
    repo = repos.conflict(tmp_path / "repo")
    repos.write(repo, {"both.txt": "half resolved\n"})
    taken = take(repo)
    assert repos.tree(repo, taken.commit) == repos.disk(repo)
    state = read(repo, taken.commit)
    assert state.sides
    assert {path: text for path, (_, text) in repos.tree(repo, state.sides).items()} == {
        b"base/both.txt": b"base\n",
        b"base/gone.txt": b"base\n",
        b"ours/both.txt": b"ours\n",
        b"theirs/both.txt": b"theirs\n",
        b"theirs/gone.txt": b"theirs\n",
    }
    assert {path: text for path, (_, text) in repos.tree(repo, state.staged).items()} == {
        b"both.txt": b"ours\n",
        b"clean.txt": b"theirs\n",
    }
    assert not take(repo, ref="refs/codexwrap/seat/2").is_new


def test_a_conflict_whose_file_cannot_be_saved_is_ours(tmp_path: Path) -> None:
    repo = repos.conflict(tmp_path / "repo")
    repos.write(repo, {"both.txt": "x" * 1000})
    taken = take(repo, limits=Limits(file=100))
    assert repos.tree(repo, taken.commit)[b"both.txt"] == ("100644", b"ours\n")
    assert taken.skipped == (Note("both.txt", "1000 bytes, more than the 100 bytes allowed for one file"),)


def test_an_index_lock_of_a_running_command(repo: Path) -> None:
    repos.write(repo, {".git/index.lock": "", "a.txt": "changed\n"})
    assert repos.tree(repo, take(repo).commit) == repos.disk(repo)


def test_files_that_are_only_intended_to_be_added(repo: Path) -> None:
    repos.write(repo, {"intended": "content\n", "gone": ""})
    repos.run(repo, "add", "-N", "intended", "gone")
    (repo / "gone").unlink()
    taken = take(repo)
    assert repos.tree(repo, taken.commit) == repos.disk(repo)
    assert b"intended" not in repos.tree(repo, read(repo, REF).staged)


@pytest.mark.parametrize("flags", ["--assume-unchanged", "--skip-worktree", "--assume-unchanged --skip-worktree"])
def test_changes_that_a_flag_hides_from_git(repo: Path, flags: str) -> None:
    repos.write(repo, {"gone": "gone\n", "link/x": "x\n"})
    repos.run(repo, "add", "-A")
    repos.run(repo, "commit", "-qm", "more")
    for flag in flags.split():
        repos.run(repo, "update-index", flag, "a.txt", "gone", "link/x")
    repos.write(repo, {"a.txt": "changed in secret\n"})
    (repo / "gone").unlink()
    shutil.rmtree(repo / "link")
    (repo / "link").symlink_to("dir")
    repos.write(repo, {"dir/x": "not what was at link/x\n"})
    expected = repos.disk(repo)
    if "--skip-worktree" in flags:  # which says that the file need not be there
        expected[b"gone"] = "100644", b"gone\n"
    else:
        assert b"link/x" not in expected
    taken = take(repo)
    assert repos.tree(repo, taken.commit) == expected
    assert (taken.skipped, taken.notes) == ((), ())


def test_a_sparse_checkout_keeps_what_is_outside_of_it(tmp_path: Path) -> None:
    repo = repos.make(tmp_path / "repo", {"in/a": "a\n", "out/b": "b\n", "out/c": "c\n", "top": "t\n"})
    for mode in ([], ["--sparse-index"]):
        repos.run(repo, "sparse-checkout", "set", "--cone", *mode, "in")
        assert not (repo / "out").exists()
        repos.write(repo, {"in/a": "changed\n", "in/new": "", "out/c": "there all the same\n", "out/new": ""})
        expected = repos.disk(repo)
        found = repos.tree(repo, take(repo, ref=f"refs/codexwrap/seat/{len(mode)}").commit)
        assert found.pop(b"out/b") == ("100644", b"b\n")
        assert found == expected
        shutil.rmtree(repo / "out")
        repos.run(repo, "checkout", "-q", "-f", "main")


@pytest.mark.parametrize("already", [True, False])
def test_a_split_index(repo: Path, already: bool) -> None:
    if already:
        repos.run(repo, "update-index", "--split-index")
    repos.run(repo, "config", "splitIndex.maxPercentChange", "100")
    repos.write(repo, {"new": "", "a.txt": "staged\n"})
    repos.run(repo, "add", "-A")
    repos.write(repo, {"a.txt": "later\n"})
    repos.run(repo, "config", "core.splitIndex", "true")
    assert bool(list((repo / ".git").glob("sharedindex.*"))) == already
    assert repos.tree(repo, take(repo).commit) == repos.disk(repo)


def test_a_monitor_of_the_file_system_and_caches_of_the_index(repo: Path) -> None:
    for name, value in {
        "core.fsmonitor": "true",
        "core.untrackedCache": "true",
        "feature.manyFiles": "true",
        "index.version": "4",
    }.items():
        repos.run(repo, "config", name, value)
    repos.run(repo, "status", ok=False)
    try:
        repos.write(repo, {"new": "", "a.txt": "changed\n"})
        before = (repo / ".git/index").read_bytes()
        taken = snapshot.take(repo, REF, message="")
        assert isinstance(taken, Snapshot)
        assert repos.tree(repo, taken.commit) == repos.disk(repo)
        assert (repo / ".git/index").read_bytes() == before
    finally:
        repos.run(repo, "fsmonitor--daemon", "stop", ok=False)


def test_a_repository_with_long_hashes(tmp_path: Path) -> None:
    repo = repos.make(tmp_path / "repo", None, "--object-format=sha256")
    repos.write(repo, {"a.txt": "changed\n", "new": ""})
    (repo / "dir/b.txt").unlink()
    taken = take(repo)
    assert len(taken.commit) == 64
    assert repos.tree(repo, taken.commit) == repos.disk(repo)
    assert read(repo, REF).head == taken.head


def test_names_that_are_no_plain_text(repo: Path) -> None:
    names = [b"new\nline", b"\xff\xfe", b'"quoted"', "ünï".encode(), b":(top)x", b"-n", b"[a]*", b"tab\t", b" "]
    for name in names:
        Path(repo, os.fsdecode(name)).write_bytes(name)
    assert repos.tree(repo, take(repo).commit) == repos.disk(repo)


def test_a_repository_whose_own_name_is_no_plain_text(tmp_path: Path) -> None:
    repo = repos.make(Path(os.fsdecode(bytes(tmp_path) + b'/with\nbreak:"and \xff')))
    repos.write(repo, {"a.txt": "changed\n"})
    assert repos.tree(repo, take(repo / "dir").commit) == repos.disk(repo)


def test_files_and_folders_that_change_places(repo: Path) -> None:
    repos.write(repo, {"file": "f\n", "folder/x": "x\n", "link/y": "y\n"})
    repos.run(repo, "add", "-A")
    repos.run(repo, "commit", "-qm", "more")
    (repo / "file").unlink()
    shutil.rmtree(repo / "folder")
    shutil.rmtree(repo / "link")
    repos.write(repo, {"file/now/a/folder": "", "folder": "a file\n", "dir/y": "not what was at link/y\n"})
    (repo / "link").symlink_to("dir")
    taken = take(repo)
    assert repos.tree(repo, taken.commit) == repos.disk(repo)
    assert (taken.skipped, taken.notes) == ((), ())


def test_links_that_go_in_circles(repo: Path) -> None:
    (repo / "loop").symlink_to("loop")
    (repo / "dir/up").symlink_to("..")
    assert repos.tree(repo, take(repo).commit) == repos.disk(repo)


def test_special_files_are_left_out_and_named(repo: Path) -> None:
    (repo / "a.txt").unlink()
    os.mkfifo(repo / "a.txt")
    (repo / "dir/b.txt").unlink()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(repo / "dir/b.txt"))
        taken = take(repo)
    assert repos.tree(repo, taken.commit) == {}
    assert set(taken.skipped) == {Note("a.txt", "a FIFO"), Note("dir/b.txt", "a socket")}


def test_special_files_that_git_does_not_list_are_named_beside_changes(repo: Path) -> None:
    repos.write(repo, {".gitignore": "*.sock\n", "dir/new": ""})
    for name in ("fifo", "dir/fifo", "ignored.sock"):
        os.mkfifo(repo / name)
    taken = take(repo)
    assert set(taken.skipped) == {Note("fifo", "a FIFO"), Note("dir/fifo", "a FIFO")}
    assert repos.tree(repo, taken.commit) == repos.disk(repo)


def test_large_files_are_left_out_and_named(repo: Path) -> None:
    repos.write(repo, {"a.txt": "x" * 1_000_000, "large": "x" * 300_001, "right": "x" * 300_000})
    taken = take(repo, limits=Limits(file=300_000))
    found = repos.tree(repo, taken.commit)
    assert found[b"a.txt"] == ("100644", b"one\ntwo\n"), "what the index has of it"
    assert b"large" not in found
    assert b"right" in found
    assert set(taken.skipped) == {
        Note("a.txt", "1 MB, more than the 0.3 MB allowed for one file"),
        Note("large", "0.3 MB, more than the 0.3 MB allowed for one file"),
    }
    assert "Codexwrap-Left-Out: large: 0.3 MB" in repos.line(repo, "show", "-s", "--format=%B", REF)


def test_too_much_altogether_leaves_out_the_largest(repo: Path) -> None:
    repos.write(repo, {f"{size}": "x" * size for size in (100, 200, 300, 400)})
    taken = take(repo, limits=Limits(total=700))
    assert set(repos.tree(repo, taken.commit)) == {b"a.txt", b"dir/b.txt", b"100", b"200", b"300"}
    assert [note.path for note in taken.skipped] == ["400"]


def test_a_repository_within_is_left_out_and_named(repo: Path) -> None:
    repos.make(repo / "inner/nested")
    repos.write(repo, {"inner/file": "mine\n"})
    taken = take(repo)
    assert set(repos.tree(repo, taken.commit)) == {b"a.txt", b"dir/b.txt", b"inner/file"}
    assert taken.skipped == (Note("inner/nested/", "a repository of its own"),)


def test_a_submodule_with_changes_has_a_snapshot_of_its_own(repo: Path, tmp_path: Path) -> None:
    library = repos.make(tmp_path / "library")
    for name in ("lib", "clean"):
        repos.run(repo, "submodule", "add", "-q", str(library), name)
    repos.run(repo, "commit", "-qm", "submodules")
    repos.write(repo, {"lib/a.txt": "changed\n", "lib/new": ""})
    taken = take(repo)
    [(path, commit)] = taken.submodules
    assert path == "lib"
    assert repos.tree(repo / "lib", commit) == repos.disk(repo / "lib")
    assert repos.line(repo / "lib", "rev-parse", REF) == commit
    assert read(repo, REF).submodules == taken.submodules
    assert repos.tree(repo, REF)[b"lib"][0] == "160000"
    assert repos.line(repo / "clean", "for-each-ref", "refs/codexwrap") == ""
    assert not take(repo, ref="refs/codexwrap/seat/2").is_new
    repos.write(repo, {"lib/a.txt": "changed again\n", "lib/large": "x" * 1000})
    taken = take(repo, ref="refs/codexwrap/seat/3", limits=Limits(file=100))
    assert taken.is_new, "for what changed within the submodule"
    assert [note.path for note in taken.skipped] == ["lib/large"]


def test_a_submodule_that_moved_that_is_gone_and_that_was_never_there(repo: Path, tmp_path: Path) -> None:
    library = repos.make(tmp_path / "library")
    for name in ("moved", "gone", "empty"):
        repos.run(repo, "submodule", "add", "-q", str(library), name)
    repos.run(repo, "commit", "-qm", "submodules")
    repos.run(repo / "moved", "commit", "-q", "--allow-empty", "-m", "more")
    shutil.rmtree(repo / "gone")
    repos.run(repo, "submodule", "deinit", "-q", "empty")
    found = repos.tree(repo, take(repo).commit)
    assert found[b"moved"] == ("160000", repos.run(repo / "moved", "rev-parse", "HEAD").strip())
    assert b"gone" not in found
    assert found[b"empty"] == ("160000", repos.run(library, "rev-parse", "HEAD").strip())


def test_a_clone_that_lacks_objects_fetches_none(repo: Path, tmp_path: Path) -> None:
    repos.run(repo, "config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    repos.run(tmp_path, "clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{repo}", str(clone))
    repos.run(clone, "sparse-checkout", "set", "--cone", "dir")
    repos.run(clone, "checkout", "-q", "main", "--", "dir") if not (clone / "dir").exists() else None
    repos.write(clone, {"dir/b.txt": "changed\n"})
    missing = "rev-list --objects --all --missing=print"
    before = [line for line in repos.line(clone, *missing.split()).splitlines() if line.startswith("?")]
    taken = snapshot.take(clone, REF, message="")
    assert isinstance(taken, Snapshot), taken
    after = [line for line in repos.line(clone, *missing.split()).splitlines() if line.startswith("?")]
    assert before == after


def test_an_object_store_that_borrows_from_another_one(repo: Path, tmp_path: Path) -> None:
    repos.run(tmp_path, "clone", "-q", "--shared", str(repo), "clone")
    clone = tmp_path / "clone"
    repos.write(clone, {"a.txt": "changed\n"})
    assert repos.tree(clone, take(clone).commit) == repos.disk(clone)


def test_many_new_files_become_one_pack(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repos.write(repo, {f"many/{number}": f"{number}\n" for number in range(300)})
    moved: list[str] = []
    settle = scratch._settle

    def record(path: Path, target: Path) -> None:
        moved.append(target.suffix)
        settle(path, target)

    monkeypatch.setattr("codexwrap.git.scratch._settle", record)
    taken = take(repo)
    assert repos.tree(repo, taken.commit) == repos.disk(repo)
    counts = dict(line.split(": ") for line in repos.line(repo, "count-objects", "-v").splitlines())
    assert counts["packs"] == "1"
    assert moved[-1] == ".idx", "by which others know that there is a pack"
    assert int(counts["count"]) < 10


def test_a_repository_that_a_group_shares(repo: Path) -> None:
    repos.run(repo, "config", "core.sharedRepository", "group")
    repos.write(repo, {"a.txt": "changed\n"})
    before = set((repo / ".git/objects").rglob("*"))
    take(repo)
    for path in set((repo / ".git/objects").rglob("*")) - before:
        assert path.stat().st_mode & stat.S_IRGRP
        assert not path.is_dir() or path.stat().st_mode & stat.S_IWGRP


def test_leftovers_of_a_process_that_was_killed_are_swept_after_a_day(repo: Path) -> None:
    old, young = (repo / ".git/objects" / f"tmp_objdir-codexwrap-{name}" for name in ("old", "young"))
    for path in (old, young):
        path.mkdir()
    os.utime(old, (1, 1))
    assert isinstance(snapshot.take(repo, REF, message=""), Snapshot)
    assert (old.exists(), young.exists()) == (False, True)


def test_where_there_is_no_working_tree_the_reason_is_said(tmp_path: Path, repo: Path) -> None:
    def why(path: Path) -> str:
        taken = snapshot.take(path, REF, message="")
        assert isinstance(taken, NoSnapshot)
        return taken.why

    assert why(tmp_path) == "not a git repository"
    assert why(tmp_path / "gone") == "the directory is gone or cannot be entered"
    assert why(repo / ".git").startswith("no working tree here")


def test_git_that_is_missing_or_slow_is_the_reason(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repos.write(repo, {"a.txt": "changed\n"})
    assert refused(repo, seconds=0.001).startswith("git did not answer within ")
    monkeypatch.setenv("PATH", "/nowhere")
    assert refused(repo) == "git is not installed"


def test_a_damaged_index_is_the_reason(repo: Path) -> None:
    (repo / ".git/index").write_bytes(b"DIRC nonsense")
    assert "index file" in refused(repo)


def test_a_name_that_is_taken_by_a_folder_is_the_reason(repo: Path) -> None:
    repos.run(repo, "update-ref", f"{REF}/deeper", "HEAD")
    taken = snapshot.take(repo, REF, message="")
    assert isinstance(taken, NoSnapshot)
    assert "exists; cannot create" in taken.why


@pytest.mark.parametrize("ref", ["refs/heads/main", "refs/codexwrap/x", "refs/codexwrap//x", "HEAD"])
def test_only_refs_of_seats_are_written(repo: Path, ref: str) -> None:
    with pytest.raises(ValueError, match="not a name for a snapshot"):
        snapshot.take(repo, ref, message="")


@pytest.mark.parametrize(
    "seat", ["plain", "with.dot", "a..b", "x.lock", "dot.", "a/b", "ünï~^:?*[", "x" * 300, "-", "@{"]
)
def test_every_seat_has_a_folder_that_git_allows(repo: Path, seat: str) -> None:
    ref = snapshot.folder(seat) + "1"
    assert take(repo, ref=ref).ref == ref


def test_no_two_seats_share_a_folder() -> None:
    seats = ["a.b", "a..b", "a/b", "a=b", "a.b.", "a.b.lock", "a-b", "a--b", "a_b"]
    assert len({snapshot.folder(seat) for seat in seats}) == len(seats)


# What a process may not write is told apart from what root may not: the test runs as either.
_WEAK = f"""
import resource, sys
from codexwrap.git import snapshot
limit = int(sys.argv[2])
if limit >= 0:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
taken = snapshot.take(sys.argv[1], {REF!r}, message="")
print(getattr(taken, "why", "") or taken.skipped)
"""


def _without_rights(repo: Path, limit: int) -> str:
    weak = [need("setpriv"), "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    command = [*weak, sys.executable, "-c", _WEAK, str(repo), str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_repository_that_cannot_be_written_to_is_the_reason(repo: Path) -> None:
    repos.write(repo, {"a.txt": "changed\n"})
    before = repos.picture(repo), sorted((repo / ".git/objects").rglob("*"))
    for folder in ((repo / ".git/objects"), (repo / ".git/refs")):
        folder.chmod(0o555)
        assert any(word in _without_rights(repo, -1) for word in ("ermission denied", "unable to create directory"))
        folder.chmod(0o755)
        assert (repos.line(repo, "for-each-ref", "refs/codexwrap"), list(folder.glob("tmp_*"))) == ("", [])
    assert repos.picture(repo) == before[0]
    sound(repo)


@pytest.mark.parametrize("limit", [0, 60, 200])
def test_a_disk_that_is_full_is_the_reason_and_nothing_is_torn(repo: Path, limit: int) -> None:
    (repo / "noise").write_bytes(os.urandom(20_000))
    before = repos.picture(repo), sorted((repo / ".git/objects").rglob("*"))
    assert any(word in _without_rights(repo, limit) for word in ("File too large", "ended by signal"))
    assert (repos.picture(repo), sorted((repo / ".git/objects").rglob("*"))) == before
    sound(repo)


def test_a_file_that_finds_no_place_is_left_out_and_named(repo: Path) -> None:
    repos.write(repo, {"small": "small\n"})
    (repo / "noise").write_bytes(os.urandom(20_000))
    assert "noise" in _without_rights(repo, 5000)
    assert set(repos.tree(repo, REF)) == {b"a.txt", b"dir/b.txt", b"small"}
    sound(repo)
