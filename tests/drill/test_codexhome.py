"""A CODEX_HOME apart, and the real Codex in it."""

import json
import os
import stat
import tomllib
from pathlib import Path

import pytest

from codexwrap.drill import codexhome, refusals, talk
from codexwrap.drill.answers import Shell, Text
from codexwrap.drill.driver import Terminal
from codexwrap.drill.provider import Provider
from codexwrap.drill.tokens import Login, token_id
from tests import support

URL = "http://127.0.0.1:1"


def test_the_config_names_nobody_but_the_provider(tmp_path: Path) -> None:
    cwd = tmp_path / 'a "quoted" directory'
    codexhome.prepare(tmp_path / "home", provider=URL, cwd=cwd, model="some-model", features={"apps": True})
    text = (tmp_path / "home/config.toml").read_text()
    config = tomllib.loads(text)
    assert config["model_providers"][config["model_provider"]]["base_url"] == f"{URL}/v1"
    assert config["model"] == "some-model"
    assert config["features"] == {"apps": True, "plugins": False, "enable_request_compression": False}
    assert config["projects"][str(cwd)]["trust_level"] == "trusted"
    assert {line for line in text.splitlines() if "://" in line and URL not in line} == set()


def test_credentials_are_for_their_owner_only(tmp_path: Path) -> None:
    home = tmp_path / "home"
    codexhome.prepare(home, provider=URL, cwd=tmp_path)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "auth.json").stat().st_mode) == 0o600


def test_credentials_can_be_replaced_and_taken_away(tmp_path: Path) -> None:
    codexhome.prepare(tmp_path, provider=URL, cwd=tmp_path)
    codexhome.replace_auth(tmp_path, Login(token="access-2", account="account-2"))
    tokens = json.loads((tmp_path / "auth.json").read_text())["tokens"]
    assert (token_id(tokens["access_token"]), tokens["account_id"]) == ("access-2", "account-2")
    codexhome.replace_auth(tmp_path, Login(), auth="apikey")
    assert json.loads((tmp_path / "auth.json").read_text())["OPENAI_API_KEY"] == codexhome.API_KEY
    codexhome.replace_auth(tmp_path, Login(), auth="none")
    assert not (tmp_path / "auth.json").exists()


def test_the_environment_takes_little_from_the_caller_and_leads_nowhere(tmp_path: Path) -> None:
    caller = {
        "PATH": "/bin",
        "HOME": "/home/me",
        "OPENAI_API_KEY": "sk-mine",
        "AWS_SECRET_ACCESS_KEY": "mine",
        "CODEX_HOME": "/home/me/.codex",
        "HTTPS_PROXY": "http://proxy.example",
        "NO_COLOR": "1",
        "TMUX": "/tmp/tmux",
    }
    env = codexhome.environment(tmp_path, provider=URL, temporary=tmp_path / "tmp", caller=caller, extra={"TZ": "UTC"})
    assert env["PATH"] == "/bin"
    assert env["CODEX_HOME"] == env["HOME"] == str(tmp_path)
    assert env["TZ"] == "UTC"
    assert env["CODEX_REFRESH_TOKEN_URL_OVERRIDE"] == f"{URL}/oauth/token"
    assert env["HTTPS_PROXY"] == env["all_proxy"] == "http://127.0.0.1:9"
    assert not {"OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "NO_COLOR", "TMUX"} & env.keys()
    assert "/home/me" not in " ".join(env.values())


@pytest.mark.timeout(120)
@pytest.mark.parametrize("version", ["0.169.0", "0.144.6", "0.125.0", "0.98.0"])
def test_a_real_codex_works_dies_by_a_revoked_token_and_lives_again_with_a_new_one(
    version: str, tmp_path: Path
) -> None:
    codex = support.codex(version)
    home, cwd, temporary = tmp_path / "home", tmp_path / "project", tmp_path / "tmp"
    cwd.mkdir()
    temporary.mkdir()
    with Provider(rejection=refusals.TOKEN_REVOKED) as provider:
        provider.refresh = refusals.REFRESH_REVOKED
        provider.accepted = {"access-1"}
        provider.queue.extend([Shell("echo made by the agent > made.txt"), Text("I made the file.")])
        codexhome.prepare(home, provider=provider.url, cwd=cwd)
        env = codexhome.environment(home, provider=provider.url, temporary=temporary, caller=os.environ)
        arguments = codexhome.isolating_arguments(codex, env)
        with Terminal([codex, *arguments], cwd=cwd, env=env) as terminal:
            talk.ready(terminal)
            terminal.type("remember the codeword PELICAN")
            terminal.wait_for("Imadethefile")
            assert (cwd / "made.txt").read_text() == "made by the agent\n"
            talk.finish(terminal)

            provider.accepted = set()
            terminal.type("go on")
            terminal.wait_for("refreshtokenwasrevoked")
            talk.finish(terminal)
            assert [turn.token for turn in provider.turns][-1] == "access-1"
            assert terminal.status is None

            codexhome.replace_auth(home, Login(token="access-2"))
            provider.accepted = {"access-2"}
            provider.default = Text("I am back.")
            if version != "0.98.0":  # where a running session does not reread it: the fact of that version
                terminal.type("go")
                terminal.wait_for("Iamback")
                assert ("user", "remember the codeword PELICAN") in provider.turns[-1].messages
                assert provider.turns[-1].token == "access-2"
    assert provider.failures == []
