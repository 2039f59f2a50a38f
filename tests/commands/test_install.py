"""What makes a shell know codexwrap, put in place and taken away again."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from codexwrap.commands import install
from codexwrap.errors import UsageError, UserError
from codexwrap.shells import shells
from tests.support import need

ROOT = Path(__file__).parents[2]
RC = {"bash": ".bashrc", "zsh": ".zshrc", "fish": ".config/fish/conf.d/codexwrap.fish"}


@pytest.mark.parametrize("shell", shells.NAMES)
def test_it_says_what_it_writes_and_where(shell: str, own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert install.main(["--shell", shell]) == 0
    path = own_home / RC[shell]
    said = capsys.readouterr().out
    assert said.startswith(f"{path}, which is new, gets these lines:\n")
    for line in path.read_text().splitlines():
        assert f"  {line}\n" in said
    assert str(ROOT / "shell" / f"codexwrap.{shell}") in path.read_text()


@pytest.mark.parametrize("shell", shells.NAMES)
def test_twice_is_once(shell: str, own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = own_home / RC[shell]
    install.main(["--shell", shell])
    once, before = path.read_bytes(), path.stat()
    capsys.readouterr()
    assert install.main(["--shell", shell]) == 0
    assert "has them already" in capsys.readouterr().out
    assert path.read_bytes() == once
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("shell", shells.NAMES)
def test_uninstall_leaves_the_file_as_it_was(shell: str, own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = own_home / RC[shell]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("# mine\nset x\n")
    path.chmod(0o640)
    install.main(["--shell", shell])
    assert path.read_text().startswith("# mine\nset x\n# >>> codexwrap >>>\n")
    for says in ("loses these lines", "has no lines of codexwrap's"):
        capsys.readouterr()
        assert install.main(["--shell", shell, "--uninstall"]) == 0
        assert says in capsys.readouterr().out
        assert path.read_text() == "# mine\nset x\n"
        assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_fishs_own_file_goes_when_nothing_is_left_in_it(own_home: Path) -> None:
    install.main(["--shell", "fish"])
    install.main(["--shell", "fish", "--uninstall"])
    assert not (own_home / RC["fish"]).exists()


def test_an_rc_file_stays_even_when_it_is_empty(own_home: Path) -> None:
    install.main(["--shell", "zsh"])
    install.main(["--shell", "zsh", "--uninstall"])
    assert (own_home / ".zshrc").read_text() == ""  # without one, zsh would ask its questions for new users


def test_uninstall_where_nothing_was_ever_installed_makes_nothing(own_home: Path) -> None:
    assert install.main(["--shell", "bash", "--uninstall"]) == 0
    assert list(own_home.iterdir()) == []


def test_print_only_prints(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    install.main(["--shell", "bash", "--print"])
    printed = capsys.readouterr().out
    assert list(own_home.iterdir()) == []
    install.main(["--shell", "bash"])
    assert (own_home / ".bashrc").read_text() == printed
    capsys.readouterr()
    install.main(["--shell", "bash", "--print", "--uninstall"])
    assert capsys.readouterr().out == printed
    assert (own_home / ".bashrc").read_text() == printed


def test_old_lines_are_renewed_where_they_stand(own_home: Path) -> None:
    path = own_home / ".bashrc"
    install.main(["--shell", "bash"])
    lines = path.read_text()
    path.write_text("a\n" + lines.replace("codexwrap.bash", "old.bash") + "b\n")
    install.main(["--shell", "bash"])
    assert path.read_text() == "a\n" + lines + "b\n"


def test_the_shell_is_that_of_the_environment(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/usr/local/bin/zsh")
    install.main([])
    assert [path.name for path in own_home.iterdir()] == [".zshrc"]


@pytest.mark.parametrize(
    ("said", "names"), [("/bin/tcsh", "no shell 'tcsh'"), ("", "which shell"), (None, "which shell")]
)
def test_a_shell_that_is_not_known_is_a_usage_error(
    said: str | None, names: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHELL", raising=False)
    if said is not None:
        monkeypatch.setenv("SHELL", said)
    with pytest.raises(UsageError, match=f"{names}.*bash.zsh.fish"):
        install.main([])


def test_zdotdir_and_xdg_config_home_are_respected(
    own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "zsh").mkdir()
    monkeypatch.setenv("ZDOTDIR", str(tmp_path / "zsh"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    install.main(["--shell", "zsh"])
    install.main(["--shell", "fish"])
    assert (tmp_path / "zsh/.zshrc").exists()
    assert (tmp_path / "config/fish/conf.d/codexwrap.fish").exists()
    assert list(own_home.iterdir()) == []


def test_another_file_can_be_named(own_home: Path, tmp_path: Path) -> None:
    install.main(["--shell", "bash", "--rc", str(tmp_path / "my rc")])
    assert (tmp_path / "my rc").exists()
    assert list(own_home.iterdir()) == []
    install.main(["--shell", "bash", "--rc", str(tmp_path / "my rc"), "--uninstall"])
    assert (tmp_path / "my rc").read_text() == ""


@pytest.mark.parametrize("shell", shells.NAMES)
def test_a_home_that_is_not_there_is_one_line(shell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "none"))
    with pytest.raises(UserError, match=f"{tmp_path}/none, where {shell} has its files, is no directory"):
        install.main(["--shell", shell])
    assert not (tmp_path / "none").exists()


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError, match=r"none/rc cannot be written: No such file or directory$"):
        install.main(["--shell", "bash", "--rc", str(tmp_path / "none/rc")])


def read_only(folder: Path) -> Path:
    """A folder in which nobody may make a file, not even root, for whom modes mean nothing."""
    folder.chmod(0o500)
    return folder if os.geteuid() else Path("/proc/self")


@pytest.mark.parametrize("shell", shells.NAMES)
def test_a_home_that_is_read_only_is_one_line(shell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(read_only(tmp_path)))
    with pytest.raises(UserError, match=r"cannot be (written|made): [\w ]+$"):
        install.main(["--shell", shell])


def test_errors_reach_the_user_as_one_line_without_a_traceback(tmp_path: Path) -> None:
    for words, status in ((["--shell", "tcsh"], 2), (["--rc"], 2), (["--shell", "bash", "--rc", str(tmp_path)], 1)):
        done = subprocess.run([sys.executable, "-m", "codexwrap", "install", *words], capture_output=True, text=True)
        assert (done.returncode, done.stderr.count("\n"), done.stdout) == (status, 1, "")
        assert done.stderr.startswith("codexwrap: ")


@pytest.mark.parametrize(
    ("name", "text", "noted"),
    [
        (None, "", True),
        (".bash_profile", "PATH=$PATH\n", True),
        (".bash_profile", ". ~/.bashrc\n", False),
        (".profile", "[ -r ~/.bashrc ] && . ~/.bashrc\n", False),
    ],
)
def test_on_macos_a_login_shell_that_reads_no_bashrc_is_told(
    name: str | None, text: str, noted: bool, own_home: Path
) -> None:
    if name:
        (own_home / name).write_text(text)
    environ = {"HOME": str(own_home)}
    remarks = shells.remarks("bash", environ, "darwin", b"")
    assert bool(remarks) is noted
    assert all(str(own_home / (name or ".bash_profile")) in remark for remark in remarks)
    assert shells.remarks("bash", environ, "linux", b"") == []


def test_a_zshrc_without_compinit_is_told(own_home: Path) -> None:
    environ = {"HOME": str(own_home)}
    assert "compinit" in shells.remarks("zsh", environ, "linux", b"")[0]
    assert shells.remarks("zsh", environ, "linux", b"autoload compinit; compinit\n") == []


def test_a_program_that_is_not_on_the_path_is_told(tmp_path: Path) -> None:
    program = tmp_path / "codexwrap"
    program.touch(0o755)
    assert shells.reach(str(program), {"PATH": str(tmp_path)}) == ""
    assert str(program) in shells.reach(str(program), {"PATH": "/"})
    assert "no program codexwrap" in shells.reach(None, {"PATH": "/"})


def test_the_program_is_the_one_that_was_started_links_and_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv/codexwrap").touch(0o755)
    (tmp_path / "codexwrap").symlink_to("venv/codexwrap")
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "codexwrap"), "install"])
    assert shells.program() == str(tmp_path / "codexwrap")
    monkeypatch.setattr(sys, "argv", ["__main__.py", "install"])
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv/python"))
    assert shells.program() == str(tmp_path / "venv/codexwrap")
    (tmp_path / "venv/codexwrap").unlink()
    assert shells.program() is None


@pytest.mark.parametrize("shell", shells.NAMES)
def test_paths_are_quoted_whatever_is_in_them(shell: str, tmp_path: Path) -> None:
    folder = tmp_path / "it's a \"$(touch HACKED)\" `touch HACKED` \\'; touch HACKED; '\\"
    folder.mkdir()
    part, program = folder / "part", folder / "codexwrap"
    part.write_text('printf "%s\\n" "$CODEXWRAP"\n')
    line = shells.lines(shell, part, str(program))[1].removeprefix("if status is-interactive; and ")
    line = line if line.startswith("if ") else f"if {line}"
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    for known in ("", "/mine"):
        extra = {"CODEXWRAP": known} if known else {}
        done = subprocess.run(
            [need(shell), "-c", line],
            cwd=tmp_path,
            env={**environ, **extra},
            capture_output=True,
            text=True,
            check=True,
        )
        assert (done.stdout, done.stderr) == (f"{known or program}\n", "")
    part.unlink()  # as when the package was moved: the shell starts as if nothing were there
    done = subprocess.run([need(shell), "-c", line], cwd=tmp_path, env=environ, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not list(tmp_path.rglob("HACKED"))


def test_the_files_are_found_in_an_installed_package_too(tmp_path: Path) -> None:
    package = tmp_path / "site/codexwrap"  # as the wheel lays it out
    shutil.copytree(ROOT / "codexwrap", package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "shell", package / "shell")
    environ = {**os.environ, "PYTHONPATH": str(package.parent)}
    done = subprocess.run(
        [sys.executable, "-m", "codexwrap", "install", "--shell", "zsh", "--print"],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f". {package}/shell/codexwrap.zsh;" in done.stdout


def test_a_package_without_the_files_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.resources.files", lambda _package: tmp_path / "codexwrap")
    with pytest.raises(UserError, match=r"has no file codexwrap\.bash: install it anew"):
        shells.part("bash")
