import json
import os
import time
from pathlib import Path

import pytest

from codexwrap import credential, events, isolation, seats
from codexwrap.journal import Journal
from codexwrap.paths import State
from tests.commandline import Done, codexwrap, complaint, environment, program, state, until_all_free

SAYS = 'if [ "$1" = --help ]; then echo "{help}"; exit; fi;'
SAYS += ' printf "%s:" "$CODEX_HOME"; for w; do printf "<%s>" "$w"; done; echo'


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    program(tmp_path, "codex", SAYS.format(help="--no-daemon"))
    users = tmp_path / "users"
    (users / "prompts").mkdir(parents=True)
    (users / "sessions").mkdir()
    for name in ("config.toml", "work.config.toml", "AGENTS.md", "history.jsonl", ".credentials.json"):
        (users / name).touch()
    sign_in(users, "refresh-1")
    return environment(tmp_path, CODEX_HOME=str(users))


def sign_in(home: Path, token: str) -> None:
    (home / "auth.json").write_text(json.dumps({"tokens": {"refresh_token": token}}))


def run(env: dict[str, str], *words: str, isolate: str) -> Done:
    done = codexwrap("--seat", "alpha", "codex", *words, env={**env, "CODEXWRAP_ISOLATE": isolate})
    until_all_free(env)
    return done


def own(env: dict[str, str]) -> Path:
    return isolation.home(state(env), "alpha")


# --- a process of its own -----------------------------------------------------------------------------------------


def test_a_version_that_shares_a_server_is_told_not_to(env: dict[str, str]) -> None:
    users = env["CODEX_HOME"]
    assert run(env, "-m", "x", isolate="process").stdout == f"{users}:<--no-daemon><-m><x>\n"
    assert run(env, "--no-daemon", isolate="process").stdout == f"{users}:<--no-daemon>\n"
    assert (seats.load(state(env), "alpha") or {})["argv"] == ["codex", "--no-daemon"]


def test_a_version_that_shares_none_is_started_as_it_stands(env: dict[str, str], tmp_path: Path) -> None:
    program(tmp_path, "codex", SAYS.format(help="no such option"))
    assert run(env, isolate="process").stdout == f"{env['CODEX_HOME']}:\n"


# --- a home of its own --------------------------------------------------------------------------------------------


def test_what_is_the_users_is_linked_and_nothing_of_a_sign_in_or_a_session_is(env: dict[str, str]) -> None:
    done = run(env, isolate="home")
    assert done.stdout == f"{own(env)}:\n"
    assert {path.name for path in own(env).iterdir()} == {"config.toml", "work.config.toml", "AGENTS.md", "prompts"}
    assert all(path.is_symlink() and path.resolve().parent == Path(env["CODEX_HOME"]) for path in own(env).iterdir())
    assert own(env).stat().st_mode & 0o777 == 0o700
    assert (seats.load(state(env), "alpha") or {})["home"] == str(own(env))


def test_a_home_where_nobody_has_signed_in_is_said_and_how_to_mend_it(env: dict[str, str]) -> None:
    told = "codexwrap: seat alpha has a home of its own, and nobody has signed in there yet: codexwrap login alpha\n"
    assert run(env, isolate="home").stderr == told
    sign_in(own(env), "refresh-2")
    assert run(env, isolate="home").stderr == ""


def test_a_copy_of_another_sign_in_is_said_to_be_one(env: dict[str, str]) -> None:
    run(env, isolate="home")
    sign_in(own(env), "refresh-1")
    assert "the first to refresh ends both: codexwrap login alpha" in run(env, isolate="home").stderr


def test_links_follow_the_users_home_and_what_the_seat_has_of_its_own_stays(env: dict[str, str]) -> None:
    run(env, isolate="home")
    users = Path(env["CODEX_HOME"])
    (users / "AGENTS.md").unlink()
    (users / "skills").mkdir()
    (own(env) / "config.toml").unlink()
    (own(env) / "config.toml").write_text("model = 'x'")
    run(env, isolate="home")
    assert not os.path.lexists(own(env) / "AGENTS.md")
    assert (own(env) / "skills").is_symlink()
    assert (own(env) / "config.toml").read_text() == "model = 'x'"


def test_a_seat_that_is_resumed_in_its_own_home_keeps_its_links(env: dict[str, str]) -> None:
    run(env, isolate="home")
    before = sorted(own(env).iterdir())
    isolation.prepare(own(env), own(env))
    assert sorted(own(env).iterdir()) == before


def test_what_is_no_codex_is_not_kept_apart(env: dict[str, str]) -> None:
    done = codexwrap("--seat", "alpha", "true", env={**env, "CODEXWRAP_ISOLATE": "home"})
    assert complaint(done, 1) == "isolate is for codex, not for true: take it out of this seat's settings"


# --- login --------------------------------------------------------------------------------------------------------


def test_login_signs_in_where_the_seat_is_at_home(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[seats.alpha]\nisolate = "home"\n')
    env |= {"CODEXWRAP_CONFIG": str(tmp_path / "config.toml")}
    done = codexwrap("login", "alpha", "--with-api-key", env=env)
    assert (done.stdout, done.stderr) == (f"{own(env)}:<login><--with-api-key>\n", "")
    assert "shares its sign-in" in complaint(codexwrap("login", "beta", env=env), 1)
    assert complaint(codexwrap("login", env=env), 2).startswith("login: the following arguments")
    assert codexwrap("login", "--help", env=env).stdout.startswith("usage: codexwrap login ")


def test_the_home_of_an_odd_name_is_a_safe_folder(tmp_path: Path) -> None:
    root = State(tmp_path)
    assert isolation.home(root, "../x").parent == tmp_path / "homes"


def test_a_dead_sign_in_keeps_no_seat_from_starting_that_has_another(env: dict[str, str]) -> None:
    auth = Path(env["CODEX_HOME"]) / "auth.json"
    auth.write_text('{"tokens": {"account_id": "acct-1", "refresh_token": "r"}}')
    os.utime(auth, (time.time() - 60,) * 2)  # before it died: events have only milliseconds
    data = {"cause": "auth.token_revoked", "credential": credential.of(env["CODEX_HOME"], "acct-1")}
    Journal(state(env).feed).append(events.new("seat.dead", seat="other", data=data))
    refused = run(env, isolate="")
    assert refused.returncode != 0
    assert refused.stdout == ""
    assert run(env, isolate="home").stdout == f"{own(env)}:\n"
