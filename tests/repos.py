"""Real git repositories for tests."""

import hashlib
import os
import stat
import subprocess
from pathlib import Path

CONFIG = ("user.name=A User", "user.email=user@example.org", "commit.gpgSign=false", "protocol.file.allow=always")


def run(cwd: Path, *args: str | bytes, stdin: bytes = b"", ok: bool = True) -> bytes:
    """What git printed, as the user would run it."""
    settings = [word for setting in CONFIG for word in ("-c", setting)]
    done = subprocess.run(["git", *settings, *args], cwd=cwd, input=stdin, capture_output=True)
    if ok and done.returncode:
        raise AssertionError(f"git {args}: {done.stderr.decode('utf-8', 'replace')}")
    return done.stdout


def line(cwd: Path, *args: str) -> str:
    return os.fsdecode(run(cwd, *args)).strip()


def make(path: Path, files: dict[str, str] | None = None, *init: str) -> Path:
    """A repository with one commit of `files`, on the branch main."""
    path.mkdir(parents=True)
    run(path, "init", "-q", "-b", "main", *init)
    if files is None:
        files = {"a.txt": "one\ntwo\n", "dir/b.txt": "three\n"}
    write(path, files)
    if files:
        run(path, "add", "-A")
        run(path, "commit", "-qm", "first")
    return path


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def conflict(path: Path) -> Path:
    """A repository in the middle of a merge: both.txt in conflict, gone.txt deleted here and changed there."""
    make(path, {"both.txt": "base\n", "gone.txt": "base\n", "clean.txt": "base\n"})
    run(path, "checkout", "-q", "-b", "theirs")
    write(path, {"both.txt": "theirs\n", "gone.txt": "theirs\n", "clean.txt": "theirs\n"})
    run(path, "commit", "-qam", "theirs")
    run(path, "checkout", "-q", "main")
    write(path, {"both.txt": "ours\n"})
    (path / "gone.txt").unlink()
    run(path, "commit", "-qam", "ours")
    run(path, "merge", "-q", "theirs", ok=False)
    return path


def picture(root: Path, *, git_dir: Path | None = None) -> dict[str, str]:
    """All that a user has: every file of the tree, and of git's directory all but objects and refs/codexwrap."""
    seen: dict[str, str] = {}
    git_dir = git_dir or root / ".git"
    for top in (root, git_dir):
        for folder, folders, files in os.walk(top):
            if git_dir in (here := Path(folder), *here.parents):
                folders[:] = [name for name in folders if not _is_ours(here, name)]
            seen |= {str(Path(folder, name)): _describe(Path(folder, name)) for name in files + folders}
    return seen


def _is_ours(folder: Path, name: str) -> bool:
    return (name == "objects" and (folder / "HEAD").exists()) or (folder.name, name) == ("refs", "codexwrap")


def _describe(path: Path) -> str:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return f"a link to {path.readlink()}"
    if not stat.S_ISREG(mode):
        return oct(mode)
    data = path.read_bytes() if os.access(path, os.R_OK) else b"unreadable"
    return f"{oct(mode)} {hashlib.sha256(data).hexdigest()}"


def disk(root: Path) -> dict[bytes, tuple[str, bytes]]:
    """Path to mode and content of all files below `root` that git would track, whatever its rules say."""
    found: dict[bytes, tuple[str, bytes]] = {}
    top = os.fsencode(root)
    for folder, folders, files in os.walk(top):
        if b".git" in folders:
            folders.remove(b".git")
        links = [name for name in folders if Path(os.fsdecode(folder), os.fsdecode(name)).is_symlink()]
        for name in (*files, *links):
            path = Path(os.fsdecode(folder), os.fsdecode(name))
            mode = path.lstat().st_mode
            key = os.fsencode(path.relative_to(root))
            if stat.S_ISLNK(mode):
                found[key] = "120000", os.fsencode(path.readlink())
            elif stat.S_ISREG(mode) and name != b".git":
                found[key] = "100755" if mode & stat.S_IXUSR else "100644", path.read_bytes()
    return found


def tree(root: Path, name: str) -> dict[bytes, tuple[str, bytes]]:
    """Path to mode and content of all files in a tree of git; of a submodule the content is its commit."""
    entries = []
    for record in run(root, "ls-tree", "-r", "-z", "--full-tree", name).split(b"\0"):
        if record:
            words, _, path = record.partition(b"\t")
            mode, kind, oid = words.decode().split()
            entries.append((path, mode, kind, oid))
    blobs = [oid for _, _, kind, oid in entries if kind == "blob"]
    out = run(root, "cat-file", "--batch", stdin="".join(f"{oid}\n" for oid in blobs).encode())
    contents: dict[str, bytes] = {}
    for oid in blobs:
        header, _, out = out.partition(b"\n")
        size = int(header.split()[2])
        contents[oid], out = out[:size], out[size + 1 :]
    return {path: (mode, contents.get(oid, oid.encode())) for path, mode, _, oid in entries}
