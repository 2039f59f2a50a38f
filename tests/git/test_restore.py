import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from codexwrap.errors import UserError
from codexwrap.git import compare as comparing
from codexwrap.git import restore, snapshot
from codexwrap.git.compare import Difference
from codexwrap.git.restore import Into, Restored
from codexwrap.git.snapshot import Snapshot
from codexwrap.git.treesort import Limits, Note
from tests import repos

REF = "refs/codexwrap/seat/1"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    root = repos.make(tmp_path / "repo", {"a.txt": "one\n", "dir/b.txt": "b\n", "gone/c": "c\n", "type": "t\n"})
    repos.write(root, {".gitignore": "*.log\n"})
    repos.run(root, "add", "-A")
    repos.run(root, "commit", "-qm", "ignore")
    return root


def work(repo: Path) -> None:
    """What an agent leaves: every kind of change, some of it staged."""
    repos.write(repo, {"a.txt": "staged\n", "staged": "new\n"})
    repos.run(repo, "add", "a.txt", "staged")
    repos.write(repo, {"a.txt": "later\n", "new/deep/file": "new\n", "run": "#!/bin/sh\n", "odd\nname": ""})
    (repo / "run").chmod(0o755)
    (repo / "dir/b.txt").chmod(0o755)
    shutil.rmtree(repo / "gone")
    (repo / "type").unlink()
    (repo / "type").symlink_to("a.txt")


def save(repo: Path) -> Snapshot:
    taken = snapshot.take(repo, REF, message="at a death")
    assert isinstance(taken, Snapshot)
    return taken


def wipe(repo: Path) -> None:
    """What a user does who believes that it is all lost."""
    repos.run(repo, "reset", "-q", "--hard")
    repos.run(repo, "clean", "-qfd")


def bring(repo: Path, *, into: Into = "tree", name: str | None = None, staged: bool = False) -> Restored:
    def refs() -> list[bytes]:
        lines = repos.run(repo, "for-each-ref").splitlines()
        return [line for line in lines if b"refs/heads/" not in line] if into == "branch" else lines

    before = refs()
    done = restore.restore(repo, REF, into=into, name=name, staged=staged)
    assert refs() == before
    assert not list((repo / ".git/objects").glob("tmp_*"))
    return done


def compare(repo: Path) -> Difference:
    before = repos.picture(repo), sorted((repo / ".git").rglob("*"))
    found = comparing.compare(repo, REF)
    assert (repos.picture(repo), sorted((repo / ".git").rglob("*"))) == before, "to look changes nothing"
    return found


def refusal(repo: Path, *, into: Into = "tree", name: str | None = None, staged: bool = False) -> str:
    before = repos.picture(repo)
    with pytest.raises(UserError) as error:
        restore.restore(repo, REF, into=into, name=name, staged=staged)
    assert repos.picture(repo) == before
    assert "\n" not in str(error.value)
    return str(error.value)


def test_work_that_was_wiped_comes_back_to_the_tree(repo: Path) -> None:
    work(repo)
    save(repo)
    expected = repos.disk(repo)
    wipe(repo)
    index = (repo / ".git/index").read_bytes()
    done = bring(repo)
    assert repos.disk(repo) == expected
    assert (repo / ".git/index").read_bytes() == index, "the index is not touched unless it is asked for"
    assert not (repo / "gone").exists()
    assert set(done.changes) == {
        Note("a.txt", "change"),
        Note("dir/b.txt", "change"),
        Note("gone/c", "delete"),
        Note("new/deep/file", "add"),
        Note('"odd\\nname"', "add"),
        Note("run", "add"),
        Note("staged", "add"),
        Note("type", "change"),
    }
    assert (done.where, done.notes) == (str(repo), ())


def test_what_was_staged_comes_back_on_request(repo: Path) -> None:
    work(repo)
    status = repos.run(repo, "status", "--porcelain=v2")
    tree = repos.line(repo, "write-tree")
    save(repo)
    wipe(repo)
    bring(repo, staged=True)
    assert repos.line(repo, "write-tree") == tree
    assert repos.run(repo, "status", "--porcelain=v2") == status


def test_conflicts_come_back_on_request(tmp_path: Path) -> None:
    repo = repos.conflict(tmp_path / "repo")
    repos.write(repo, {"both.txt": "half resolved\n"})
    unmerged, status = repos.run(repo, "ls-files", "--unmerged"), repos.run(repo, "status", "--porcelain")
    expected = repos.disk(repo)
    save(repo)
    wipe(repo)
    bring(repo, staged=True)
    assert repos.disk(repo) == expected
    assert repos.run(repo, "ls-files", "--unmerged") == unmerged
    assert repos.run(repo, "status", "--porcelain") == status


def test_to_restore_twice_does_no_harm(repo: Path) -> None:
    work(repo)
    save(repo)
    expected = repos.disk(repo)
    wipe(repo)
    bring(repo, staged=True)
    assert bring(repo, staged=True).changes == ()
    assert repos.disk(repo) == expected


def test_half_a_restore_is_completed_by_the_next_one(repo: Path) -> None:
    work(repo)
    save(repo)
    expected = repos.disk(repo)
    wipe(repo)
    repos.write(repo, {"a.txt": "later\n", "new/deep/file": "new\n"})
    bring(repo)
    assert repos.disk(repo) == expected


def test_a_comparison_says_what_would_change(repo: Path) -> None:
    work(repo)
    taken = save(repo)
    same = compare(repo)
    assert (same.equal, same.staged_equal, same.changes, same.stat) == (True, True, (), "")
    assert same.head == same.present_head == taken.head
    wipe(repo)
    found = compare(repo)
    assert (found.equal, found.staged_equal, found.in_the_way) == (False, False, ())
    assert "a.txt" in found.stat
    assert "8 files changed" in found.stat
    repos.write(repo, {"later": ""})
    repos.run(repo, "add", "-A")
    repos.run(repo, "commit", "-qm", "later")
    assert compare(repo).present_head != taken.head
    assert "later" not in compare(repo).stat, "what came later stays"


def test_files_that_came_later_stay(repo: Path) -> None:
    work(repo)
    save(repo)
    expected = repos.disk(repo)
    wipe(repo)
    repos.write(repo, {"later.txt": "mine\n", "new/mine": "", "secret.log": ""})
    bring(repo)
    assert repos.disk(repo) == expected | {
        b"later.txt": ("100644", b"mine\n"),
        b"new/mine": ("100644", b""),
        b"secret.log": ("100644", b""),
    }


def test_changes_elsewhere_are_no_obstacle(repo: Path) -> None:
    repos.write(repo, {"a.txt": "agent\n"})
    save(repo)
    wipe(repo)
    repos.write(repo, {"dir/b.txt": "mine\n"})
    bring(repo)
    assert (repo / "a.txt").read_text() == "agent\n"
    assert (repo / "dir/b.txt").read_text() == "mine\n"


def test_commits_elsewhere_are_no_obstacle(repo: Path) -> None:
    repos.write(repo, {"a.txt": "agent\n"})
    save(repo)
    wipe(repo)
    repos.write(repo, {"dir/b.txt": "committed\n"})
    repos.run(repo, "commit", "-qam", "later")
    bring(repo)
    assert (repo / "a.txt").read_text() == "agent\n"
    assert (repo / "dir/b.txt").read_text() == "committed\n"


def _edit(repo: Path) -> None:
    repos.write(repo, {"a.txt": "mine\n"})


def _commit(repo: Path) -> None:
    _edit(repo)
    repos.run(repo, "commit", "-qam", "mine")


def _stage(repo: Path) -> None:
    _edit(repo)
    repos.run(repo, "add", "a.txt")


def _delete(repo: Path) -> None:
    (repo / "a.txt").unlink()


def _mode(repo: Path) -> None:
    (repo / "a.txt").chmod(0o755)


def _hide(repo: Path) -> None:
    repos.run(repo, "update-index", "--assume-unchanged", "a.txt")
    _edit(repo)


def _folder(repo: Path) -> None:
    _delete(repo)
    repos.write(repo, {"a.txt/mine": ""})


def _ignored_folder(repo: Path) -> None:
    _delete(repo)
    repos.write(repo, {"a.txt/mine.log": ""})


def _ignored(repo: Path) -> None:
    repos.write(repo, {".git/info/exclude": "run\n", "run": "mine\n"})


def _ignored_folder_in_place_of_a_file(repo: Path) -> None:
    repos.write(repo, {"run/mine.log": ""})


def _ignored_link_in_a_folder_in_place_of_a_file(repo: Path) -> None:
    (repo / "run").mkdir()
    (repo / "run/link.log").symlink_to("..")


def _in_place_of_a_folder(repo: Path) -> None:
    repos.write(repo, {".git/info/exclude": "new\n", "new": "mine\n"})


def _link_in_place_of_a_folder(repo: Path) -> None:
    (repo / "new").symlink_to("dir")


def _same_new_file(repo: Path) -> None:
    repos.write(repo, {"run": "mine\n"})


def _large(repo: Path) -> None:
    repos.write(repo, {"a.txt": "x" * 60_000_000})


@pytest.mark.parametrize(
    "change",
    [
        _edit,
        _commit,
        _stage,
        _delete,
        _mode,
        _hide,
        _folder,
        _ignored_folder,
        _ignored,
        _ignored_folder_in_place_of_a_file,
        _ignored_link_in_a_folder_in_place_of_a_file,
        _in_place_of_a_folder,
        _link_in_place_of_a_folder,
        _same_new_file,
        _large,
    ],
)
def test_nothing_of_the_users_is_overwritten(repo: Path, change: Callable[[Path], None]) -> None:
    work(repo)
    save(repo)
    wipe(repo)
    change(repo)
    said = refusal(repo)
    assert said.startswith("it would lose ")
    assert "into a branch or a worktree instead" in said
    assert compare(repo).in_the_way


def test_a_folder_that_is_empty_is_no_obstacle(repo: Path) -> None:
    repos.write(repo, {"a.txt": "agent\n", "new": "new\n"})
    save(repo)
    wipe(repo)
    (repo / "new").mkdir()
    bring(repo)
    assert (repo / "new").read_text() == "new\n"


def test_a_change_after_the_first_look_is_seen_by_the_second(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work(repo)
    save(repo)
    wipe(repo)
    found = compare(repo)
    repos.write(repo, {"a.txt": "mine\n"})
    monkeypatch.setattr("codexwrap.git.restore.compare", lambda *_, **__: found)
    assert "files change while it is looked at" in refusal(repo)


def test_what_was_staged_is_not_brought_back_over_conflicts(tmp_path: Path) -> None:
    repo = repos.make(tmp_path / "repo", {"x": "x\n"})
    repos.run(repo, "commit", "-q", "--allow-empty", "-m", "more")
    repos.write(repo, {"new": "new\n"})
    repos.run(repo, "add", "new")
    save(repo)
    wipe(repo)
    repos.run(repo, "checkout", "-q", "-b", "theirs")
    repos.write(repo, {"x": "theirs\n"})
    repos.run(repo, "commit", "-qam", "theirs")
    repos.run(repo, "checkout", "-q", "main")
    repos.write(repo, {"x": "ours\n"})
    repos.run(repo, "commit", "-qam", "ours")
    repos.run(repo, "merge", "-q", "theirs", ok=False)
    assert "the index has conflicts now" in refusal(repo, staged=True)


def test_a_deletion_is_brought_back_only_for_a_file_that_is_in_git(repo: Path) -> None:
    shutil.rmtree(repo / "gone")
    save(repo)
    wipe(repo)
    repos.write(repo, {"gone/c": "mine\n"})
    assert "gone/c (it has changed since)" in refusal(repo)


def test_a_file_in_the_place_of_a_folder_comes_back_if_the_folder_is_in_git(repo: Path) -> None:
    shutil.rmtree(repo / "gone")
    repos.write(repo, {"gone": "a file now\n"})
    (repo / "type").unlink()
    repos.write(repo, {"type/now/a": "folder\n"})
    save(repo)
    expected = repos.disk(repo)
    wipe(repo)
    bring(repo)
    assert repos.disk(repo) == expected


def test_staged_changes_of_the_user_are_not_overwritten(repo: Path) -> None:
    repos.write(repo, {"a.txt": "agent\n"})
    repos.run(repo, "add", "a.txt")
    save(repo)
    wipe(repo)
    repos.write(repo, {"a.txt": "mine\n"})
    repos.run(repo, "add", "a.txt")
    repos.write(repo, {"a.txt": "one\n"})
    assert "a.txt (other changes of it are staged)" in refusal(repo, staged=True)
    bring(repo)
    assert (repo / "a.txt").read_text() == "agent\n"


def test_an_index_lock_is_told_and_nothing_is_done(repo: Path) -> None:
    work(repo)
    save(repo)
    wipe(repo)
    repos.write(repo, {".git/index.lock": ""})
    assert "index.lock" in refusal(repo, staged=True)


def test_a_branch_has_the_work_as_one_commit(repo: Path) -> None:
    work(repo)
    taken = save(repo)
    expected = repos.disk(repo)
    wipe(repo)
    before = repos.picture(repo)
    done = bring(repo, into="branch", name="saved/work")
    after = repos.picture(repo)
    assert {path for path in after.keys() - before.keys() if Path(path).is_file()} == {
        str(repo / ".git/refs/heads/saved/work"),
        str(repo / ".git/logs/refs/heads/saved/work"),
    }
    assert (done.where, done.commit) == ("saved/work", repos.line(repo, "rev-parse", "saved/work"))
    assert repos.line(repo, "rev-parse", "saved/work^@") == taken.head
    assert repos.tree(repo, "saved/work") == expected
    assert repos.run(repo, "fsck", "--strict", "--no-dangling", "--no-progress") == b""
    assert bring(repo, into="branch", name="saved/work") == done, "once more is no other branch"


def test_a_branch_of_a_name_is_made_if_none_is_given(repo: Path) -> None:
    work(repo)
    taken = save(repo)
    assert bring(repo, into="branch").where == f"codexwrap/{taken.commit[:10]}"


def test_a_branch_is_not_overwritten(repo: Path) -> None:
    save(repo)
    assert "there is a branch main already" in refusal(repo, into="branch", name="main")
    for name in ("-x", "a..b", "HEAD~1", ""):
        if name:
            assert "is no name for a branch" in refusal(repo, into="branch", name=name)


def test_a_worktree_is_as_it_all_was(repo: Path, tmp_path: Path) -> None:
    work(repo)
    status = repos.run(repo, "status", "--porcelain=v2")
    taken = save(repo)
    expected = repos.disk(repo)
    wipe(repo)
    main = repos.disk(repo), (repo / ".git/index").read_bytes()
    done = bring(repo, into="worktree", name=str(tmp_path / "again"), staged=True)
    again = Path(done.where)
    assert repos.disk(again) == expected
    assert repos.run(again, "status", "--porcelain=v2") == status
    assert repos.line(again, "rev-parse", "HEAD") == taken.head == done.commit
    assert (repos.disk(repo), (repo / ".git/index").read_bytes()) == main


def test_a_worktree_without_what_was_staged(repo: Path, tmp_path: Path) -> None:
    work(repo)
    save(repo)
    expected = repos.disk(repo)
    done = bring(repo, into="worktree", name=str(tmp_path / "again"))
    assert repos.disk(Path(done.where)) == expected
    assert repos.run(Path(done.where), "diff", "--cached", "--name-only") == b""
    touched = repos.run(Path(done.where), "diff-files", "--name-only").split()
    assert touched == [b"a.txt", b"dir/b.txt", b"gone/c", b"type"], "git knows the others to be unchanged"


def test_a_worktree_does_not_overwrite(repo: Path, tmp_path: Path) -> None:
    save(repo)
    repos.write(tmp_path, {"there/file": ""})
    assert "exists already" in refusal(repo, into="worktree", name=str(tmp_path / "there"))
    (tmp_path / "empty").mkdir()
    assert bring(repo, into="worktree", name=str(tmp_path / "empty")).where == str(tmp_path / "empty")


def test_a_worktree_that_fails_leaves_nothing(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work(repo)
    save(repo)
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\nfor word; do [ "$word" = --refresh ] && break; done\ncase "$*" in *read-tree*) exit 3;; esac\n'
        f'PATH={os.environ["PATH"]} exec git "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    assert "exit status 3" in refusal(repo, into="worktree", name=str(tmp_path / "again"))
    assert not (tmp_path / "again").exists()


def test_an_unborn_branch(tmp_path: Path) -> None:
    repo = repos.make(tmp_path / "repo", {})
    repos.write(repo, {"a": "1\n", "b": "2\n"})
    repos.run(repo, "add", "a")
    save(repo)
    expected = repos.disk(repo)
    repos.run(repo, "rm", "-rq", "--cached", ".")
    for name in ("a", "b"):
        (repo / name).unlink()
    bring(repo, staged=True)
    assert repos.disk(repo) == expected
    assert repos.run(repo, "ls-files") == b"a\n"
    assert repos.tree(repo, bring(repo, into="branch", name="saved").where) == expected
    assert repos.disk(Path(bring(repo, into="worktree", name=str(tmp_path / "again")).where)) == expected


def test_submodules_are_restored_in_the_tree_and_named_elsewhere(repo: Path, tmp_path: Path) -> None:
    library = repos.make(tmp_path / "library")
    repos.run(repo, "submodule", "add", "-q", str(library), "lib")
    repos.run(repo, "commit", "-qm", "lib")
    repos.write(repo, {"a.txt": "agent\n", "lib/a.txt": "agent within\n", "lib/new": ""})
    taken = save(repo)
    assert compare(repo).equal
    wipe(repo)
    wipe(repo / "lib")
    assert Note("lib/a.txt", "change") in compare(repo).changes
    assert not compare(repo).equal
    repos.write(repo, {"lib/a.txt": "mine\n"})
    assert "lib/a.txt (it has changed since)" in refusal(repo)
    wipe(repo / "lib")
    assert bring(repo).submodules == ()
    assert (repo / "lib/a.txt").read_text() == "agent within\n"
    assert (repo / "lib/new").exists()
    assert bring(repo, into="branch", name="saved").submodules == taken.submodules
    again = bring(repo, into="worktree", name=str(tmp_path / "again"))
    assert again.submodules == taken.submodules


def test_a_submodule_is_not_moved(repo: Path, tmp_path: Path) -> None:
    repos.run(repo, "submodule", "add", "-q", str(repos.make(tmp_path / "library")), "lib")
    repos.run(repo, "commit", "-qm", "lib")
    repos.run(repo / "lib", "commit", "-q", "--allow-empty", "-m", "more")
    repos.write(repo, {"a.txt": "agent\n"})
    save(repo)
    wipe(repo)
    repos.run(repo / "lib", "reset", "-q", "--hard", "HEAD~1")
    before = repos.line(repo / "lib", "rev-parse", "HEAD")
    bring(repo)
    assert (repo / "a.txt").read_text() == "agent\n"
    assert repos.line(repo / "lib", "rev-parse", "HEAD") == before


@pytest.mark.parametrize("required", ["true", "false"])
def test_filters_are_applied_and_done_without(repo: Path, required: str) -> None:
    for name, value in {"clean": "tr a-z A-Z", "smudge": "tr A-Z a-z", "required": required}.items():
        repos.run(repo, "config", f"filter.case.{name}", value)
    repos.write(repo, {".git/info/attributes": "*.case filter=case\n", "x.case": "text\n"})
    (repo / "x.case").chmod(0o755)
    save(repo)
    expected = repos.disk(repo)
    wipe(repo)
    bring(repo)
    assert repos.disk(repo) == expected
    (repo / "x.case").unlink()
    repos.run(repo, "config", "filter.case.smudge", "false")
    done = bring(repo)
    assert (repo / "x.case").read_text() == "TEXT\n"
    assert (repo / "x.case").stat().st_mode & stat.S_IXUSR
    if required == "true":
        assert "unfiltered" in done.notes[0].says


def test_a_sparse_checkout(tmp_path: Path) -> None:
    repo = repos.make(tmp_path / "repo", {"in/a": "a\n", "out/b": "b\n"})
    repos.run(repo, "sparse-checkout", "set", "--cone", "in")
    repos.write(repo, {"in/a": "agent\n", "in/new": ""})
    save(repo)
    expected = repos.disk(repo)
    wipe(repo)
    bring(repo)
    assert repos.disk(repo) == expected
    assert compare(repo).equal


def test_large_files_that_the_snapshot_lacks_stay(repo: Path) -> None:
    repos.write(repo, {"large": "x" * 1000, "a.txt": "agent\n"})
    assert isinstance(snapshot.take(repo, REF, message="", limits=Limits(file=100)), Snapshot)
    repos.run(repo, "checkout", "-q", "a.txt")
    bring(repo)
    assert (repo / "large").exists()
    assert (repo / "a.txt").read_text() == "agent\n"


def test_a_commit_or_a_ref_names_a_snapshot_and_nothing_else_does(repo: Path) -> None:
    taken = save(repo)
    assert comparing.compare(repo, taken.commit).equal
    for name in ("refs/codexwrap/seat/2", "0" * 40, "--all", ""):
        with pytest.raises(UserError, match="there is no snapshot"):
            comparing.compare(repo, name)
    with pytest.raises(UserError, match="is no snapshot of codexwrap"):
        comparing.compare(repo, "HEAD")
    with pytest.raises(UserError, match="not a git repository"):
        comparing.compare(repo.parent, taken.commit)


def test_it_works_where_only_the_refs_have_come(repo: Path, tmp_path: Path) -> None:
    work(repo)
    save(repo)
    expected = repos.disk(repo)
    other = tmp_path / "other"
    repos.run(tmp_path, "clone", "-q", str(repo), str(other))
    repos.run(other, "fetch", "-q", str(repo), "+refs/codexwrap/*:refs/codexwrap/*")
    bring(other, staged=True)
    assert repos.disk(other) == expected
