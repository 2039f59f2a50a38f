"""Each way to a person: through a real server, or a program that writes down what it is given."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codexwrap import events
from codexwrap.alerts import apprise, command, desktop, imessage, message, slack
from codexwrap.alerts.message import Message
from codexwrap.errors import UsageError
from codexwrap.feed.incidents import Incidents
from codexwrap.sinks.outcome import LaterError, NoSecretError, RefusedError, StuckError
from codexwrap.sinks.tables import Table
from tests.webserver import Web, answer, web

ODD = 'a\n<!channel> @here *b* `c` <b>&amp; \x1b[2J\u202e$(touch x)" & do shell script "touch y"'


@pytest.fixture
def server() -> Iterator[Web]:
    with web() as server:
        server.default = answer(200, b"ok")
        yield server


def told(*seats: str, cause: str = "auth.token_revoked", **data: Any) -> Message:
    incidents = Incidents()
    for seat in seats:
        made = events.new("seat.dead", seat=seat, data={"cause": cause, "credential": "c", **data}, at=0)
        incidents.add(made)
    (incident,) = incidents.all()
    return message.opened(incident)


# --- words --------------------------------------------------------------------------------------------------------


def test_an_alert_says_who_what_since_when_what_to_do_how_to_go_on_and_where_the_context_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CODEXWRAP_HOST", "east")
    evidence = [{"witness": "screen", "says": "Your token was revoked"}]
    found = told("my seat", ticket="T-1", checkpoint="/c.json", remedy="Sign in again.", evidence=evidence)
    assert found.title == "codexwrap: DEAD: seat my seat, auth.token_revoked"
    assert dict(found.facts) == {
        "Seat": "my seat on east (T-1)",
        "Cause": "auth.token_revoked",
        "Says": "Your token was revoked",
        "Item": "T-1",
        "Since": "1970-01-01 00:00:00 UTC",
        "What to do": "Sign in again.",
        "Then": "codexwrap resume 'my seat'",
        "Checkpoint": "/c.json",
        "Incident": found.about[0],
    }
    assert found.text().splitlines()[1] == "Seat: my seat on east (T-1)"


def test_of_many_seats_some_are_named() -> None:
    found = told(*(f"s{number}" for number in range(60)))
    assert found.title == "codexwrap: DEAD: 60 seats on one credential, auth.token_revoked"
    seats = dict(found.facts)["Seats"]
    assert seats.startswith("s0 on ")
    assert seats.endswith("and 40 more")


def test_whatever_is_in_the_data_an_alert_is_lines_of_plain_text() -> None:
    found = told(ODD, ticket=ODD, remedy=ODD, checkpoint=ODD * 100)
    assert found.title.isprintable()
    assert all(name.isprintable() and value.isprintable() and len(value) <= 500 for name, value in found.facts)
    assert len(found.text().splitlines()) == 1 + len(found.facts)


# --- Slack --------------------------------------------------------------------------------------------------------


def channel(server: Web, **environ: str) -> slack.Channel:
    return slack.Channel(slack.Settings("env:HOOK"), {"HOOK": server.url, **environ})


def test_slack_gets_blocks(server: Web) -> None:
    channel(server).tell(told("a", ticket="T-1"))
    (request,) = server.requests
    assert request.headers["Content-Type"] == "application/json"
    record = json.loads(request.body)
    assert record["blocks"][0] == {
        "type": "header",
        "text": {"type": "plain_text", "text": "codexwrap: DEAD: seat a, auth.token_revoked", "emoji": False},
    }
    shown = json.dumps(record["blocks"])
    for each in ("T-1", "What to do", "Sign in again", "codexwrap resume a"):
        assert each in shown


def test_slack_is_given_nothing_that_it_formats_or_pings(server: Web) -> None:
    record = slack.payload(told(ODD, ticket=ODD, remedy=ODD))
    texts = list(_texts(record["blocks"]))
    assert texts
    assert all(each["type"] == "plain_text" and each["emoji"] is False for each in texts)
    assert "<!" not in record["text"]
    assert "@here" not in record["text"]
    assert "*b*" not in record["text"]
    assert record["text"].isascii() or "\u202e" not in record["text"]


def _texts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict):
        if "text" in value and isinstance(value["text"], str):
            yield value
        else:
            for each in value.values():
                yield from _texts(each)


def test_slack_takes_no_more_than_it_can() -> None:
    record = slack.payload(told(*(f"{'s' * 90}{number}" for number in range(60)), remedy="r" * 9000))
    assert len(record["blocks"]) <= 50
    for block in record["blocks"]:
        assert len(block.get("fields", [])) <= 10
    assert all(len(each["text"]) <= 3000 for each in _texts(record["blocks"]))
    assert len(record["blocks"][0]["text"]["text"]) <= 150


def test_slack_must_say_ok_and_what_it_says_else_is_understood(server: Web) -> None:
    server.answers = [answer(200, b"fine"), answer(404, b"no_service"), answer(400, b"invalid_blocks"), answer(429)]
    kinds = [LaterError, StuckError, RefusedError, LaterError]
    for kind in kinds:
        with pytest.raises(kind) as error:
            channel(server).tell(told("a"))
        assert server.url not in str(error.value)


def test_a_webhook_is_a_secret_and_a_wrong_one_is_told_without_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not kept in the config") as error:
        slack.read(Table("alerts.x: ", "x", "slack", {}), {"webhook": "https://hooks.slack.com/services/T0/B0/xyz"})
    assert "xyz" not in str(error.value)
    for url in ("hooks.slack.com/xyz", "htps://hooks.slack.com/xyz"):
        with pytest.raises(StuckError) as stuck:
            slack.Channel(slack.Settings("env:HOOK"), {"HOOK": url}).tell(told("a"))
        assert "xyz" not in str(stuck.value)
    with pytest.raises(NoSecretError):
        slack.Channel(slack.Settings("env:HOOK"), {}).tell(told("a"))


# --- programs -----------------------------------------------------------------------------------------------------


@pytest.fixture
def recorder(tmp_path: Path) -> Path:
    """A program that writes its arguments and its stdin down, as JSON."""
    path = tmp_path / "program"
    code = "import json, sys; json.dump([sys.argv[1:], sys.stdin.read()], open(sys.argv[0] + '.out', 'w'))"
    path.write_text(f"#!{sys.executable}\n{code}\n")
    path.chmod(0o755)
    return path


def written(recorder: Path) -> tuple[list[str], str]:
    argv, stdin = json.loads(Path(f"{recorder}.out").read_text())
    return argv, stdin


def test_imessage_is_a_fixed_script_with_the_text_as_its_argument(recorder: Path) -> None:
    settings = imessage.Settings("+4915112345678", osascript=str(recorder))
    found = told(ODD)
    imessage.Channel(settings, {}).tell(found)
    argv, _ = written(recorder)
    script, rest = argv[:-2], argv[-2:]
    assert rest == ["+4915112345678", found.text()]
    assert script[::2] == ["-e"] * (len(script) // 2)
    assert script == imessage.arguments(settings, told("b"))[1:-2]
    assert "touch" not in " ".join(script)


@pytest.mark.parametrize("to", ["", "x", "-e", "+49 151", 'a"b@c', "-a@b", "a@b@c\n"])
def test_imessage_goes_to_a_number_or_an_address(to: str) -> None:
    with pytest.raises(UsageError, match="to must be"):
        imessage.read(Table("alerts.x: ", "x", "imessage", {}), {"to": to})


def test_the_desktop_is_told_without_markup(recorder: Path) -> None:
    desktop.Channel(desktop.Settings(program=str(recorder)), {}).tell(told(ODD))
    argv, _ = written(recorder)
    if sys.platform != "darwin":
        assert argv[:3] == ["--app-name=codexwrap", "--urgency=critical", "--"]
        assert "<" not in argv[4]
    script = desktop.arguments(desktop.Settings(), told(ODD), "darwin")
    assert script[:2] == ["osascript", "-e"]
    assert script[-2] == told(ODD).title
    assert "touch" not in " ".join(script[:-2])


def test_a_command_gets_text_or_json(recorder: Path) -> None:
    found = told(ODD)
    command.Channel(command.Settings([str(recorder), "to"]), {}).tell(found)
    assert written(recorder) == (["to"], found.text())
    command.Channel(command.Settings([str(recorder)], format="json"), {}).tell(found)
    record = json.loads(written(recorder)[1])
    assert (record["id"], record["facts"]["Cause"]) == (found.id, "auth.token_revoked")


@pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")
def test_apprise_reaches_a_real_server(server: Web) -> None:
    pytest.importorskip("apprise")
    url = server.url.replace("http://", "json://")
    apprise.Channel(apprise.Settings("env:URL"), {"URL": url}).tell(told("a"))
    record = json.loads(server.requests[0].body)
    assert record["title"] == "codexwrap: DEAD: seat a, auth.token_revoked"
    server.default = answer(500)
    with pytest.raises(LaterError):
        apprise.Channel(apprise.Settings("env:URL"), {"URL": url}).tell(told("a"))
    with pytest.raises(StuckError):
        apprise.Channel(apprise.Settings("env:URL"), {"URL": "nonsense"}).tell(told("a"))
