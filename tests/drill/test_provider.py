"""The loopback provider, asked over HTTP as Codex asks it."""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from codexwrap.drill import refusals
from codexwrap.drill.answers import Cut, Failed, HttpError, Incomplete, Shell, Stall, Text
from codexwrap.drill.provider import Provider
from codexwrap.drill.tokens import Login, token_id
from tests.support import eventually

SHELL = {"type": "function", "name": "shell_command", "parameters": {"properties": {"command": {"type": "string"}}}}


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as it:
        yield it
        assert it.failures == []


def connect(provider: Provider) -> http.client.HTTPConnection:
    address = urlsplit(provider.url)
    assert address.hostname == "127.0.0.1"
    return http.client.HTTPConnection(address.hostname, address.port, timeout=10)


def ask(
    provider: Provider, prompt: str = "go on", *, login: Login | None = None, **body: Any
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of one turn's request."""
    connection = connect(provider)
    request = {"input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": prompt}]}]}
    headers = {"authorization": "Bearer " + (login or Login()).tokens()["access_token"]}
    try:
        connection.request("POST", "/v1/responses", json.dumps({**request, "tools": [SHELL], **body}), headers)
        response = connection.getresponse()
        return response.status, {k.lower(): v for k, v in response.headers.items()}, response.read()
    finally:
        connection.close()


def events(body: bytes) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in body.decode().splitlines() if line.startswith("data: ")]


def words(body: bytes) -> str:
    return "".join(event["delta"] for event in events(body) if event["type"] == "response.output_text.delta")


def call(provider: Provider, method: str, path: str, body: object = None) -> tuple[int, Any]:
    connection = connect(provider)
    try:
        connection.request(method, path, None if body is None else json.dumps(body))
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def test_answers_come_in_the_order_of_the_queue_and_then_by_default(provider: Provider) -> None:
    provider.queue.extend([Text("first, in several pieces"), Text("second")])
    provider.default = Text("rest")
    assert [words(ask(provider)[2]) for _ in range(4)] == ["first, in several pieces", "second", "rest", "rest"]


def test_a_good_turn_streams_its_words_and_ends_as_completed(provider: Provider) -> None:
    provider.queue.append(Text("a sentence that is longer than one event"))
    kinds = [event["type"] for event in events(ask(provider)[2])]
    assert kinds[0] == "response.created"
    assert kinds.count("response.output_text.delta") > 1
    assert kinds[-2:] == ["response.output_item.done", "response.completed"]


def test_the_log_tells_who_asked_what_and_when_it_was_answered(provider: Provider) -> None:
    before = time.time()
    ask(provider, "remember PELICAN", login=Login(token="access-7"))
    (turn,) = provider.turns
    assert turn.token == "access-7"
    assert turn.messages == [("user", "remember PELICAN")]
    assert turn.answered_at is not None
    assert before <= turn.time <= turn.answered_at <= time.time()


def test_headers_of_an_answer_are_sent(provider: Provider) -> None:
    provider.default = Text("ok", headers={"x-codex-primary-used-percent": "91"})
    assert ask(provider)[1]["x-codex-primary-used-percent"] == "91"


def test_an_http_error_has_its_status_body_and_headers(provider: Provider) -> None:
    provider.default = HttpError(429, {"error": {"code": "x"}}, {"retry-after": "7"})
    status, headers, body = ask(provider)
    assert (status, json.loads(body), headers["retry-after"]) == (429, {"error": {"code": "x"}}, "7")


def test_the_shell_call_is_the_one_that_the_request_offers(provider: Provider) -> None:
    provider.default = Shell("ls", say="I look.")
    (item,) = [e["item"] for e in events(ask(provider)[2]) if e.get("item", {}).get("type") == "function_call"]
    assert (item["name"], json.loads(item["arguments"])) == ("shell_command", {"command": "ls"})


def test_a_request_for_a_title_does_not_eat_a_scripted_answer(provider: Provider) -> None:
    provider.queue.append(Text("mine"))
    form = {"format": {"type": "json_schema", "schema": {"properties": {"title": {"type": "string"}}}}}
    assert "title" in json.loads(words(ask(provider, text=form)[2]))
    assert words(ask(provider)[2]) == "mine"
    assert len(provider.turns) == 1


def test_a_request_to_compact_is_answered_with_a_summary(provider: Provider) -> None:
    provider.default = Text("what was said so far")
    (item,) = [e["item"] for e in events(ask(provider, input=[{"type": "compaction_trigger"}])[2]) if "item" in e]
    assert (item["type"], item["encrypted_content"]) == ("compaction", "what was said so far")
    status, summary = call(provider, "POST", "/v1/responses/compact", {"input": []})
    assert (status, summary["output"][0]["type"]) == (200, "compaction")


def test_a_revoked_token_is_rejected_and_a_new_one_is_not(provider: Provider) -> None:
    provider.rejection = refusals.TOKEN_REVOKED
    provider.accepted = {"access-2"}
    provider.queue.append(Text("welcome"))
    status, _, body = ask(provider, login=Login(token="access-1"))
    assert (status, json.loads(body)["error"]["code"]) == (401, "token_revoked")
    assert words(ask(provider, login=Login(token="access-2"))[2]) == "welcome"


def test_a_refreshed_token_is_accepted(provider: Provider) -> None:
    provider.accepted = set()
    status, tokens = call(provider, "POST", "/oauth/token", {"refresh_token": "refresh-1"})
    assert status == 200
    assert provider.accepted == {token_id("Bearer " + tokens["access_token"])}
    assert provider.log[-1].body == {"refresh_token": "refresh-1"}


def test_a_refresh_can_be_refused(provider: Provider) -> None:
    provider.refresh = refusals.REFRESH_REVOKED
    status, body = call(provider, "POST", "/oauth/token", {"refresh_token": "refresh-1"})
    assert (status, body["error"]["code"]) == (401, "refresh_token_invalidated")


@pytest.mark.parametrize(
    ("answer", "last"),
    [
        (Failed({"code": "insufficient_quota"}, text="so "), "response.failed"),
        (Incomplete(text="so "), "response.incomplete"),
    ],
)
def test_a_stream_can_end_badly(provider: Provider, answer: Failed | Incomplete, last: str) -> None:
    provider.default = answer
    body = ask(provider)[2]
    assert words(body) == "so "
    assert events(body)[-1]["type"] == last


def test_a_cut_stream_ends_in_the_middle(provider: Provider) -> None:
    provider.default = Cut("I am starting")
    with pytest.raises(http.client.IncompleteRead) as broken:
        ask(provider)
    assert words(broken.value.partial) == "I am starting"


def test_a_stalled_stream_says_no_more_until_the_provider_closes() -> None:
    provider = Provider()
    provider.default = Stall("I am starting")
    result: list[BaseException] = []

    def client() -> None:
        try:
            ask(provider)
        except http.client.IncompleteRead as error:
            result.append(error)

    thread = threading.Thread(target=client)
    thread.start()
    eventually(lambda: provider.turns and provider.turns[0].answered_at)
    assert thread.is_alive()
    provider.close()
    thread.join()
    assert result
    assert provider.failures == []


def test_a_client_that_vanishes_frees_its_thread(provider: Provider) -> None:
    provider.default = Stall("")
    threads = threading.active_count()
    connection = connect(provider)
    connection.request("POST", "/v1/responses", "{}")
    eventually(lambda: provider.turns)
    assert threading.active_count() > threads
    connection.close()
    eventually(lambda: threading.active_count() == threads)


def test_going_offline_refuses_connections_and_coming_back_keeps_the_address(provider: Provider) -> None:
    url = provider.url
    kept = connect(provider)
    kept.connect()
    provider.go_offline()
    with pytest.raises(ConnectionError):
        ask(provider)
    provider.go_online()
    assert provider.url == url
    assert ask(provider)[0] == 200
    kept.close()


def test_closing_leaves_no_thread_behind() -> None:
    threads = threading.active_count()
    with Provider() as provider:
        idle = connect(provider)
        idle.request("GET", "/v1/models")
        idle.getresponse().read()
        assert threading.active_count() > threads
    assert threading.active_count() == threads
    idle.close()


def test_the_backend_knows_the_pages_without_which_codex_does_not_start(provider: Provider) -> None:
    provider.plan = "team"
    status, check = call(provider, "GET", "/backend-api/wham/accounts/check")
    assert (status, check["default_account_id"], check["accounts"][0]["plan_type"]) == (200, "account-1", "team")
    assert call(provider, "GET", "/backend-api/wham/usage")[1]["plan_type"] == "team"
    assert call(provider, "GET", "/backend-api/wham/settings/user")[0] == 404


def test_the_whole_backend_can_be_refused(provider: Provider) -> None:
    provider.backend_error = refusals.TOKEN_REVOKED
    assert call(provider, "GET", "/backend-api/wham/accounts/check")[0] == 401
    assert call(provider, "GET", "/v1/models")[0] == 200


def test_a_mistake_in_the_script_is_told(provider: Provider) -> None:
    provider.default = Shell("ls")
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        ask(provider, tools=[])
    (failure,) = eventually(lambda: list(provider.failures))
    assert "no shell" in str(failure)
    provider.failures.clear()
