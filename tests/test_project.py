"""The project is what its own rules say."""

import ast
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = Path(sys.executable).parent
MODULES = sorted((ROOT / "codexwrap").rglob("*.py"))


def run(program: str, *arguments: str) -> None:
    """Run a program of the development group in the checkout; its words are the failure's."""
    found = shutil.which(program, path=str(SCRIPTS))
    assert found, f"{program} is not installed: pip install --group dev"
    done = subprocess.run([found, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "command", ["ruff check", "ruff format --check", "mypy", "lint-imports"], ids=lambda each: each.replace(" ", "-")
)
@pytest.mark.timeout(300)
def test_checks_pass(command: str) -> None:
    run(*command.split())


def test_the_shell_scripts_pass_shellcheck() -> None:
    run("shellcheck", ".ci/run", "shell/codexwrap.bash")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_in_one_line_what_it_is_for(path: Path) -> None:
    said = ast.get_docstring(ast.parse(path.read_text()))
    assert said, "no docstring"
    caption = said.splitlines()[0]
    assert caption.endswith(".")
    assert len(caption.split()) <= 15


def test_both_commands_of_the_readme_are_those_of_the_ci() -> None:
    readme = (ROOT / "README.md").read_text()
    line = (ROOT / ".ci/run").read_text().splitlines()[-1]
    assert line.endswith("pytest")
    assert f"\n{line}\n" in readme


@pytest.mark.timeout(300)
def test_the_wheel_holds_the_shell_files_and_the_recording(tmp_path: Path) -> None:
    run("hatchling", "build", "-t", "wheel", "-d", str(tmp_path))
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    for name in ("shell/codexwrap.bash", "shell/codexwrap.zsh", "shell/codexwrap.fish", "drill/death.cast.xz"):
        assert f"codexwrap/{name}" in names
    assert not [name for name in names if name.startswith("tests/")]


def test_only_the_declared_packages_are_needed_at_run_time() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {each.split(">")[0].strip() for each in declared}
    assert names == {"filelock", "pexpect", "pyte", "requests"}
