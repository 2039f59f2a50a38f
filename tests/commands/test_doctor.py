import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from codexwrap import journal
from tests.commandline import codexwrap, environment, program, state
from tests.support import codex
from tests.webserver import Web, answer, web


@pytest.fixture
def server() -> Iterator[Web]:
    with web() as server:
        yield server


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "config.toml").touch()
    return environment(tmp_path, CODEXWRAP_CONFIG=str(tmp_path / "config.toml"))


def doctor(env: dict[str, str], *arguments: str, config: str = "", code: int = 0) -> dict[str, tuple[bool | None, str]]:
    Path(env["CODEXWRAP_CONFIG"]).write_text(config)
    shown = codexwrap("doctor", *arguments, env=env)
    assert (shown.returncode, shown.stderr) == (code, ""), shown
    assert all(line.isprintable() for line in shown.stdout.splitlines())
    done = codexwrap("doctor", "--json", *arguments, env=env)
    Path(env["CODEXWRAP_CONFIG"]).write_text("")  # so that nobody goes on to deliver
    return {each["what"]: (each["well"], each["says"]) for each in json.loads(done.stdout)}


def test_where_nothing_is_configured_nothing_is_wrong(env: dict[str, str]) -> None:
    found = doctor(env)
    assert found["state root"] == (True, env["CODEXWRAP_HOME"])
    assert found["feed"] == (True, "0 events")
    assert [found[what][0] for what in ("config", "sinks", "alerts")] == [True, None, None]


def test_each_sink_is_sent_an_event_that_means_nothing_and_is_not_in_the_feed(
    tmp_path: Path, env: dict[str, str], server: Web
) -> None:
    program(tmp_path, "tool", f"cat >> {tmp_path}/out")
    found = doctor(
        env,
        config=f'[sinks.hub]\nkind = "http"\nurl = "{server.url}"\n'
        f'[sinks.tool]\nkind = "command"\nargv = ["{tmp_path}/bin/tool"]\n',
    )
    assert found["sink hub"][0] is found["sink tool"][0] is True
    assert json.loads(server.requests[0].body)[0]["type"] == "codexwrap.test"
    assert json.loads((tmp_path / "out").read_text().splitlines()[0])["type"] == "codexwrap.test"
    assert journal.read(state(env).feed).events == []


def test_a_sink_that_is_away_and_one_without_its_secret_are_wrong(env: dict[str, str], server: Web) -> None:
    server.down()
    config = f'[sinks.hub]\nkind = "http"\nurl = "{server.url}"\n'
    config += f'[sinks.other]\nkind = "http"\nurl = "{server.url}"\ntoken = "env:NO_SUCH"\n'
    config += '[sinks.tool]\nkind = "command"\nargv = ["/no/such/tool"]\n'
    found = doctor(env, config=config, code=1)
    assert "refused" in found["sink hub"][1]
    assert "NO_SUCH is not set" in found["sink other"][1]
    assert "No such file" in found["sink tool"][1]


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ('[sinks.hub]\nkind = "htp"\n', "did you mean 'http'?"),
        ('[sinks.hub]\nkind = "http"\nurl = "example.org"\n', "must begin with https://"),
        ("sinks = 3\n", "sinks holds tables"),
        ('[sinks.hub]\nkind = "http"\nurl = "https://h"\nonly = "x"\n', "only must be a list"),
    ],
)
def test_a_sink_that_cannot_be_used_is_wrong_and_keeps_no_seat_from_starting(
    env: dict[str, str], config: str, told: str
) -> None:
    assert told in doctor(env, config=config, code=1)["sinks"][1]
    Path(env["CODEXWRAP_CONFIG"]).write_text(config)
    assert codexwrap("true", env=env).returncode == 0


def test_a_test_alert_says_that_it_is_one(tmp_path: Path, env: dict[str, str]) -> None:
    program(tmp_path, "tell", f"cat >> {tmp_path}/out")
    config = (
        f'[alerts.a]\nkind = "command"\nargv = ["{tmp_path}/bin/tell"]\nseverity = ["dead"]\nquiet = "00:00-23:59"\n'
    )
    assert doctor(env, config=config)["alert a"][0] is None
    assert not (tmp_path / "out").exists()
    assert doctor(env, "--test-alert", config=config)["alert a"][0] is True
    assert (tmp_path / "out").read_text().startswith("codexwrap: TEST: this is not a real alert\n")


def test_a_test_alert_that_does_not_arrive_is_wrong(env: dict[str, str], server: Web) -> None:
    server.default = answer(404, b"no_service")
    env["HOOK"] = server.url
    found = doctor(env, "--test-alert", config='[alerts.a]\nkind = "slack"\nwebhook = "env:HOOK"\n', code=1)
    assert found["alert a"][1].startswith("slack: HTTP 404")
    assert "none is configured" in doctor(env, "--test-alert", code=1)["alerts"][1]


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ('quiet = "22-7"', "22:00-07:00"),
        ('severity = ["ded"]', "not 'ded'"),
        ("per_hour = 0", "at least 1"),
        ("per_hour = true", "a whole number"),
        ('cause = ["auth.*"]', "did you mean 'causes'?"),
    ],
)
def test_an_alert_that_cannot_be_used_is_wrong(env: dict[str, str], rule: str, told: str) -> None:
    config = f'[alerts.a]\nkind = "command"\nargv = ["x"]\n{rule}\n'
    assert told in doctor(env, config=config, code=1)["alerts"][1]


def test_a_state_root_that_others_can_read_is_wrong(env: dict[str, str]) -> None:
    root = state(env).root
    root.mkdir(mode=0o755)
    assert "chmod 700" in doctor(env, code=1)["state root"][1]


KNOWN = "You've hit your usage limit. unexpected status stream disconnected before completion"


@pytest.mark.parametrize(
    ("holds", "well", "says"),
    [
        (KNOWN, True, "3 known; gone: "),
        (f"{KNOWN} You hit your moon cap for this week.", False, "no rule knows: You hit your moon cap for this week."),
        ("nothing of that kind", None, "holds none of the known sentences"),
    ],
)
def test_sentences_of_codex_that_no_rule_knows_are_wrong(
    tmp_path: Path, env: dict[str, str], holds: str, well: bool | None, says: str
) -> None:
    program(tmp_path, "codex", f"# {holds}")
    found = doctor(env, code=1 if well is False else 0)
    assert found["codex wordings"][0] is well
    assert says in found["codex wordings"][1]


def test_the_real_codex_says_nothing_new(env: dict[str, str]) -> None:
    env["PATH"] = f"{codex().parent}:{env['PATH']}"
    assert doctor(env)["codex wordings"] == (True, "15 known")


def test_where_codex_is_not_installed_nothing_can_be_said_of_it(env: dict[str, str]) -> None:
    assert doctor(env)["codex wordings"] == (None, "Codex is not on the PATH")
