"""Real shells on a real terminal: what is typed and completed, and what then runs."""

import contextlib
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from codexwrap import checkpoint, seats
from codexwrap.commands import install
from codexwrap.drill.driver import Terminal, TimeoutExpiredError
from codexwrap.paths import State
from codexwrap.shells import shells
from tests.deaths import died
from tests.support import eventually, need

ROOT = Path(__file__).parents[2]
PROMPT = "ready>"
RC = {"bash": ".bashrc", "zsh": ".zshrc", "fish": ".config/fish/config.fish"}
COMMAND = {"bash": ["bash", "--noprofile", "-i"], "zsh": ["zsh", "-i"], "fish": ["fish", "-i"]}

# What a user has in his own rc file, before codexwrap's lines. What completes `codex` is as `codex completion` makes it.
OWN = {
    "bash": f"""
PS1='{PROMPT} '
_codex() {{ local IFS=$' \\t\\n'; COMPREPLY=($(compgen -W "exec --model" -- "${{COMP_WORDS[COMP_CWORD]}}")); }}
complete -F _codex -o bashdefault -o default codex
alias alpha='codexwrap-seat alpha codex'
""",
    "zsh": f"""
PS1='{PROMPT} '
autoload -Uz compinit && compinit -u
_codex() {{ _arguments '--model:model:' '*:command:(exec)' }}
compdef _codex codex
alias alpha='codexwrap-seat alpha codex'
""",
    "fish": f"""
function fish_prompt; echo '{PROMPT} '; end
function fish_greeting; end
complete -c codex -f -a exec
complete -c codex -l model
alias alpha 'codexwrap-seat alpha codex'
""",
}
# Habits that a file which is sourced must bear with.
ODD = {
    "bash": "set -u; shopt -s nullglob failglob; IFS=:; set -o noclobber\n",
    "zsh": "setopt ksh_arrays sh_word_split no_unset glob_subst null_glob no_equals rc_quotes\n",
    "fish": "set -g value x; set -g kind y; set -g tokens z\n",
}

# Logs how it was called; runs codexwrap unless only the call matters.
PROGRAM = f"""#!{sys.executable}
import json, os, sys
sys.path.insert(0, {str(ROOT)!r})
os.environ["PYTHONPATH"] = {str(ROOT)!r}
if sys.argv[1:2] != ["complete"]:
    with open(os.environ["LOG"], "a") as log:
        log.write(json.dumps(sys.argv[1:]) + "\\n")
    if "LOG_ONLY" in os.environ:
        sys.exit()
from codexwrap.cli import run
run()
"""
CODEX = '#!/bin/sh\necho "codex runs: $*"\n'


class Shell:
    """An interactive shell, with codexwrap installed as its user would."""

    def __init__(self, name: str, home: Path, *, only_log: bool) -> None:
        self.name, self.home = name, home
        self.state = State(home / "state")
        self.log = home / "log"
        env = {
            "PATH": f"{home}/bin:{os.environ['PATH']}",
            "HOME": str(home),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "CODEXWRAP_HOME": str(self.state.root),
            "LOG": str(self.log),
            **({"LOG_ONLY": "1"} if only_log else {}),
        }
        self.terminal = Terminal(COMMAND[name], cwd=home, env=env, columns=200, lines=50)
        self.terminal.wait_for(self.is_ready)

    def is_ready(self) -> bool:
        return [row for row in self.terminal.rows() if row][-1:] == [PROMPT]

    def run(self, keys: str) -> list[str]:
        """Type a line with its TABs, press Enter: the arguments that codexwrap got."""
        before = self.calls()
        self.terminal.send(f"{keys}\r")
        eventually(lambda: len(self.calls()) > len(before))
        self.terminal.wait_for(self.is_ready)
        return self.calls()[-1]

    def close(self) -> None:
        """Leave it as a user does, for an interactive shell is deaf to TERM; wait until its seats have ended."""
        if self.terminal.ended is None:
            self.terminal.send("\x15exit\r")
            with contextlib.suppress(TimeoutExpiredError):
                self.terminal.wait(5)
        self.terminal.close()
        for path in self.state.root.glob("seats/*/lock"):
            eventually(partial(_is_free, path))

    def calls(self) -> list[list[str]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []


def _is_free(lock: Path) -> bool:
    with lock.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


Start = Callable[..., Shell]


@pytest.fixture
def start(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    running: list[Shell] = []
    (own_home / "bin").mkdir()
    for name, text in (("codexwrap", PROGRAM), ("codex", CODEX), ("zzz-program", CODEX)):
        (own_home / "bin" / name).write_text(text)
        (own_home / "bin" / name).chmod(0o755)
    for name in ("alpha", "beta"):
        State(own_home / "state").seat(name).mkdir(parents=True)

    def it(name: str, *, rc: str | None = None, only_log: bool = True) -> Shell:
        need(name)
        path = own_home / RC[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(OWN[name] if rc is None else rc)
        monkeypatch.setattr(sys, "argv", [str(own_home / "bin/codexwrap")])
        install.main(["--shell", name])
        running.append(Shell(name, own_home, only_log=only_log))
        return running[-1]

    yield it
    for shell in running:
        shell.close()


every_shell = pytest.mark.parametrize("name", shells.NAMES)


@every_shell
def test_sourcing_the_file_says_nothing(name: str, start: Start) -> None:
    shell = start(name)
    assert [row for row in shell.terminal.rows() if row] == [PROMPT]


@every_shell
def test_all_commands_are_listed(name: str, start: Start) -> None:
    shell = start(name)
    shell.terminal.send("codexwrap \t" + ("\t" if name == "bash" else ""))
    shell.terminal.wait_for(
        lambda: all(each in shell.terminal.text() for each in ("resume", "status", "drill", "replay"))
    )
    assert ("judge a recording" in shell.terminal.text()) is (name != "bash")


TYPED = [
    ("codexwrap resu\talp\t--li\t", ["resume", "alpha", "--list"]),
    ("codexwrap stat\t", ["status"]),
    ("codexwrap --fo\t--seat be\tzzz-p\texec", ["--force", "--seat", "beta", "zzz-program", "exec"]),
    ("codexwrap --seat=al\tcodex", ["--seat=alpha", "codex"]),
    ("codexwrap feed --seat=be\t", ["feed", "--seat=beta"]),
    ("codexwrap drill tok\tusa\t", ["drill", "token_revoked", "usage_limit"]),
    ("codexwrap replay reco\t--exp\t", ["replay", "recording.cast", "--explain"]),
    ("codexwrap install --rc reco\t", ["install", "--rc", "recording.cast"]),
    ("codexwrap install --rc=reco\t", ["install", "--rc=recording.cast"]),
    ("codexwrap codex ex\t--mo\t", ["codex", "exec", "--model"]),
    ("codexwrap --seat=al\tcodex ex\t", ["--seat=alpha", "codex", "exec"]),
    ("codexwrap-seat be\tcodex ex\t", ["seat", "beta", "codex", "exec"]),
    ("codexwrap-seat be\t-- ex\t", ["seat", "beta", "--", "exec"]),
    ("codexwrap codex 'it\"s' --mo\t", ["codex", 'it"s', "--model"]),
    ("codexwrap resume zz\t", ["resume", "zz"]),
    ("codexwrap 'resume' al\t", ["resume", "alpha"]),
    ("codexwrap resume 'al\t", ["resume", "alpha"]),
    ('codexwrap resume "al\t', ["resume", "alpha"]),
]


@every_shell
def test_what_is_completed_is_what_runs(name: str, start: Start, own_home: Path) -> None:
    State(own_home / "state").checkpoints("alpha").mkdir(parents=True)
    (own_home / "recording.cast").touch()
    shell = start(name)
    assert [(keys, shell.run(keys)) for keys, _ in TYPED] == TYPED


@every_shell
def test_where_a_seat_belongs_no_file_is_offered(name: str, start: Start, own_home: Path) -> None:
    (own_home / "recording.cast").touch()
    shell = start(name)
    able = name != "bash" or subprocess.run(["bash", "-c", "type compopt"], capture_output=True).returncode == 0
    assert shell.run("codexwrap resume reco\t") == ["resume", "reco" if able else "recording.cast"]


@every_shell
def test_odd_settings_of_the_user_change_nothing(name: str, start: Start, own_home: Path) -> None:
    State(own_home / "state").checkpoints("alpha").mkdir(parents=True)
    shell = start(name, rc=OWN[name] + ODD[name])
    assert shell.run("codexwrap resu\talp\t--li\t") == ["resume", "alpha", "--list"]
    assert shell.run("codexwrap --seat=al\tcodex --mo\t") == ["--seat=alpha", "codex", "--model"]
    assert shell.run("codexwrap-seat al\t-- 'a b'") == ["seat", "alpha", "--", "a b"]


@pytest.mark.parametrize("when", ["before", "after", "never"])
def test_zsh_completes_whenever_compinit_has_run(when: str, start: Start, own_home: Path) -> None:
    State(own_home / "state").checkpoints("alpha").mkdir(parents=True)
    run = "autoload -Uz compinit && compinit -u\n"
    path = own_home / "late"
    path.write_text(run if when == "after" else "")
    # As a plugin manager that takes its time.
    late = f"precmd_functions+=(late); late() {{ source {path}; precmd_functions[1]=() }}\n"
    shell = start("zsh", rc=f"PS1='{PROMPT} '\n" + (run if when == "before" else "") + late)
    keys = "codexwrap resu\t" if when == "never" else "codexwrap resu\tal\t"
    assert shell.run(f"true\rcodexwrap {keys.partition(' ')[2]}") == (
        ["resu"] if when == "never" else ["resume", "alpha"]
    )


def test_bash_completion_takes_over_behind_a_program(start: Start) -> None:
    path = Path(os.environ.get("CODEXWRAP_TEST_BASH_COMPLETION", "/usr/share/bash-completion/bash_completion"))
    if not path.exists():
        pytest.skip(f"bash-completion is not installed: no {path}")
    shell = start("bash", rc=f". {path}\n{OWN['bash']}")
    assert shell.run("codexwrap --seat=al\tcodex ex\t") == ["--seat=alpha", "codex", "exec"]
    assert shell.run("codexwrap-seat al\t-- ex\t") == ["seat", "alpha", "--", "exec"]


# Each tries to break out in its own way; all are harmless names.
NAMES = [
    *("two words", "it's", 'a"quote', "$(touch HACKED)", "`touch HACKED`", "a;touch HACKED", "a&&touch HACKED"),
    *("$HOME", "back\\slash", "*", "[a-z]", "?", "~", "~root", "#comment", "!!", "!touch", "{a,b}", "a|b", "(paren)"),
    *(
        "team:alpha",
        "a=b",
        "me@host",
        "%s",
        "🚀",
        "naïve",
        "a\\'b",
        "<in",
        ">HACKED",
        "^a^b",
        "a  b ",
        "\\",
        "''",
        "=ls",
    ),
]
HIDDEN_NAMES = ["new\nline", "tab\there", "\x1b[2J", "bell\a", "\u202edrow", "-dash", "--list"]


@every_shell
def test_weird_names_are_completed_and_never_evaluated(name: str, start: Start) -> None:
    shell = start(name)
    for seat in NAMES + HIDDEN_NAMES:
        folder = died(shell.state, seat).parent
        offered = seat in NAMES and not (name == "fish" and seat.startswith("~"))
        expected = ["resume", seat, "END"] if offered else ["resume", "END"]
        assert shell.run("codexwrap resume \tEND") == expected
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
    assert not list(shell.home.rglob("HACKED"))


@pytest.mark.parametrize("quote", ["'", '"'])
def test_bash_completes_weird_names_inside_quotes(quote: str, start: Start) -> None:
    shell = start("bash")
    for seat in ("two words", "$(touch HACKED)", "`touch HACKED`", "back\\slash", "team:alpha", "a=b", "a;b"):
        folder = died(shell.state, seat).parent
        assert shell.run(f"codexwrap resume {quote}{seat[0] if seat[0] not in '$`' else ''}\tEND") == [
            "resume",
            seat,
            "END",
        ]
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
    assert not list(shell.home.rglob("HACKED"))


def typed(shell: Shell, line: str) -> list[str]:
    """Run a line: what stands on the screen between it and the next prompt."""
    shell.terminal.send(f"{line}\r")
    shell.terminal.wait_for(lambda: f"{PROMPT} {line}" in shell.terminal.rows() and shell.is_ready())
    rows = [row for row in shell.terminal.rows() if row]
    return rows[rows.index(f"{PROMPT} {line}") + 1 : -1]


@every_shell
def test_an_alias_asks_in_one_line_whether_to_resume_its_seat_that_died_and_runs_what_was_typed_if_not(
    name: str, start: Start
) -> None:
    shell = start(name, only_log=False)
    path = died(shell.state, "alpha")
    told = "codexwrap: seat alpha died of limit.usage 2 h ago, item HWD-0373: `codexwrap resume alpha` brings it back"
    shell.terminal.send("alpha --model x\r")
    shell.terminal.wait_for("now\\?\\[Y/n\\]")
    shell.terminal.send("n\r")
    shell.terminal.wait_for(lambda: "codex runs: --model x" in shell.terminal.rows() and shell.is_ready())
    assert f"{told}; now? [Y/n] n" in shell.terminal.rows()
    eventually(lambda: not seats.is_held(shell.state, "alpha"))
    checkpoint.claim(path, "somebody")
    assert typed(shell, "alpha exec y") == ["codex runs: exec y"]


@every_shell
def test_a_seat_of_any_name_runs_as_that_seat(name: str, start: Start) -> None:
    shell = start(name, only_log=False)
    assert typed(shell, "codexwrap-seat 'my $(touch HACKED) seat' -- 'a  b'") == ["codex runs: a  b"]
    saved = eventually(lambda: seats.load(shell.state, "my $(touch HACKED) seat")) or {}
    assert saved["seat"] == "my $(touch HACKED) seat"
    assert not list(shell.home.rglob("HACKED"))


@every_shell
@pytest.mark.parametrize("where", ["CODEXWRAP", "PATH", "stale"])
def test_the_program_is_the_one_that_was_named_else_the_one_on_the_path(
    name: str, where: str, own_home: Path, start: Start
) -> None:
    for folder in ("named", "found"):
        (own_home / folder).mkdir()
        (own_home / folder / "codexwrap").write_text(f'#!/bin/sh\necho {folder}: "$@"\n')
        (own_home / folder / "codexwrap").chmod(0o755)
    env = {"PATH": f"{own_home}/found:{os.environ['PATH']}", "HOME": str(own_home)}
    if where != "PATH":
        env["CODEXWRAP"] = str(own_home / ("named" if where == "CODEXWRAP" else "gone") / "codexwrap")
    script = f"source {ROOT}/shell/codexwrap.{name}; codexwrap-seat 'a b' c"
    done = subprocess.run([need(name), "-c", script], env=env, capture_output=True, text=True)
    assert done.stdout == f"{'named' if where == 'CODEXWRAP' else 'found'}: seat a b c\n"


@every_shell
def test_the_exit_status_is_that_of_the_program(name: str, own_home: Path) -> None:
    (own_home / "codexwrap").write_text("#!/bin/sh\nexit 42\n")
    (own_home / "codexwrap").chmod(0o755)
    env = {"PATH": os.environ["PATH"], "HOME": str(own_home), "CODEXWRAP": str(own_home / "codexwrap")}
    done = subprocess.run([need(name), "-c", f"source {ROOT}/shell/codexwrap.{name}; codexwrap-seat a"], env=env)
    assert done.returncode == 42


@pytest.mark.parametrize(
    "command",
    [
        ["shellcheck", "shell/codexwrap.bash"],
        ["bash", "-n", "shell/codexwrap.bash"],
        ["zsh", "-n", "shell/codexwrap.zsh"],
        ["fish", "-n", "shell/codexwrap.fish"],
    ],
)
def test_the_files_pass_the_shells_own_checks(command: Sequence[str]) -> None:
    done = subprocess.run([need(command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
