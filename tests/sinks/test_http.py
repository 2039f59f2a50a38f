import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codexwrap import events
from codexwrap.errors import UsageError
from codexwrap.events import Event
from codexwrap.sinks import http
from codexwrap.sinks.http import Settings, Sink
from codexwrap.sinks.outcome import LaterError, NoSecretError, NotTakenError, RefusedError, StuckError
from codexwrap.sinks.tables import Table
from tests.webserver import Web, answer, half, hang_up, web


@pytest.fixture
def server() -> Iterator[Web]:
    with web() as server:
        yield server


def event(number: int = 0) -> Event:
    return events.new("seat.dead", seat="alpha", data={"number": number, "odd": "a\n\u202e<!here>"})


def send(settings: Settings, *told: Event, **environ: str) -> None:
    sink = Sink(settings, environ)
    try:
        sink.send(told or [event()])
    finally:
        sink.close()


def failure(settings: Settings, **environ: str) -> NotTakenError:
    with pytest.raises(NotTakenError) as error:
        send(settings, **environ)
    assert str(error.value).isprintable()
    return error.value


def test_several_events_go_as_a_batch_of_cloudevents(server: Web) -> None:
    told = [event(1), event(2)]
    send(Settings(server.url, token="env:TOKEN", headers={"X-Team": "a"}), *told, TOKEN="s3cret")
    (request,) = server.requests
    assert request.headers["Content-Type"] == "application/cloudevents-batch+json; charset=utf-8"
    assert (request.headers["Authorization"], request.headers["X-Team"]) == ("Bearer s3cret", "a")
    assert [events.from_line(json.dumps(each)) for each in json.loads(request.body)] == told


def test_one_event_a_request_is_structured_mode(server: Web) -> None:
    told = event()
    send(Settings(server.url, batch=1), told)
    (request,) = server.requests
    assert request.headers["Content-Type"] == "application/cloudevents+json; charset=utf-8"
    assert json.loads(request.body) == {"specversion": "1.0", **told._asdict()}


@pytest.mark.parametrize("status", [500, 502, 503, 429, 408])
def test_a_server_that_is_busy_or_broken_is_tried_again(server: Web, status: int) -> None:
    server.default = answer(status)
    error = failure(Settings(server.url))
    assert isinstance(error, LaterError)
    assert (error.answered, error.wait, f"HTTP {status}" in str(error)) == (True, None, True)


def test_retry_after_is_honoured_as_seconds_and_as_a_date(server: Web) -> None:
    server.answers = [
        answer(429, b"", "Retry-After: 77"),
        answer(503, b"", "Retry-After: Fri, 31 Dec 2199 23:59:59 GMT"),
    ]
    server.answers += [answer(429, b"", f"Retry-After: {odd}") for odd in ("soon", "-1", "²")]
    waits = [error.wait for _ in range(5) if isinstance(error := failure(Settings(server.url)), LaterError)]
    assert waits[:2] == [77.0, 86400.0]
    assert waits[2:] == [None, None, None]


@pytest.mark.parametrize("status", [400, 409, 413, 422])
def test_an_event_that_is_refused_is_refused_for_ever(server: Web, status: int) -> None:
    server.default = answer(status, b"no such\x1b[2J field")
    error = failure(Settings(server.url))
    assert isinstance(error, RefusedError)
    assert "no such[2J field" in str(error)


@pytest.mark.parametrize("status", [401, 403, 404, 405, 410, 301, 302, 307])
def test_a_wrong_address_or_token_is_for_somebody_to_mend(server: Web, status: int) -> None:
    server.default = answer(status, b"", "Location: /elsewhere")
    assert isinstance(failure(Settings(server.url)), StuckError)
    assert [request.path for request in server.requests] == ["/hook"]


def test_a_web_page_is_no_sink_even_if_it_says_200(server: Web) -> None:
    server.default = answer(200, b"<html>Sign in to the hotel's network", "Content-Type: text/html; charset=utf-8")
    assert "web page" in str(failure(Settings(server.url)))


def test_a_200_is_believed_only_with_the_words_that_are_expected(server: Web) -> None:
    server.answers = [answer(200, b'{"accepted":false}'), answer(200, b'{"accepted":true}')]
    settings = Settings(server.url, expect='"accepted":true')
    assert isinstance(failure(settings), LaterError)
    send(settings)


def test_a_server_that_is_down_hangs_up_or_stops_in_the_middle_is_tried_again(server: Web) -> None:
    server.answers = [hang_up, half, b"what?\r\n\r\n", b""]
    for _ in range(4):
        error = failure(Settings(server.url))
        assert isinstance(error, LaterError)
        assert not error.answered
    server.down()
    assert "refused" in str(failure(Settings(server.url)))


def test_a_server_that_says_nothing_is_left_in_time(server: Web) -> None:
    server.default = server.wait
    start = time.monotonic()
    assert str(failure(Settings(server.url, timeout=0.2))) == "no answer in time"
    assert time.monotonic() - start < 20


def test_a_certificate_that_nobody_vouches_for_is_not_taken(tmp_path: Path) -> None:
    import ssl
    import subprocess
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    from tests.support import need

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = [need("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    with HTTPServer(("127.0.0.1", 0), Handler) as https:
        https.socket = context.wrap_socket(https.socket, server_side=True)
        thread = threading.Thread(target=https.serve_forever, args=(0.01,))
        thread.start()
        try:
            url = f"https://localhost:{https.server_address[1]}/hook"
            assert "certificate" in str(failure(Settings(url)))
            send(Settings(url, ca=str(cert)))
        finally:
            https.shutdown()
            thread.join()


def test_the_token_is_neither_in_an_error_nor_replaced_by_a_netrc(
    server: Web, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own_home / ".netrc").write_text("default login a password b\n")
    (own_home / ".netrc").chmod(0o600)
    send(Settings(server.url, token="env:TOKEN"), TOKEN="s3cret")
    assert server.requests[0].headers["Authorization"] == "Bearer s3cret"
    assert "s3cret" not in str(failure(Settings("http://127.0.0.1:1/hook/s3cret", token="env:TOKEN"), TOKEN="s3cret"))


def test_without_its_token_nothing_is_sent(server: Web, tmp_path: Path) -> None:
    assert isinstance(failure(Settings(server.url, token="env:TOKEN")), NoSecretError)
    path = tmp_path / "token"
    path.write_text("s3cret\n")
    path.chmod(0o644)
    assert "chmod 600" in str(failure(Settings(server.url, token=f"file:{path}")))
    assert server.requests == []
    path.chmod(0o600)
    send(Settings(server.url, token=f"file:{path}"))
    assert server.requests[0].headers["Authorization"] == "Bearer s3cret"


def test_a_token_that_is_no_header_is_for_somebody_to_mend(server: Web) -> None:
    error = failure(Settings(server.url, token="env:TOKEN"), TOKEN="a\r\nX-Evil: b")
    assert isinstance(error, StuckError)
    assert server.requests == []


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "url is missing"),
        ({"url": "example.org/hook"}, "must begin with https://"),
        ({"url": "htps://example.org/hook"}, "begins with htps:"),
        ({"url": "https://"}, "names no host"),
        ({"url": "https://a b/"}, "holds blanks"),
        ({"url": "https://h:99999/"}, "no address"),
        ({"url": "https://u:hunter2@h/"}, "holds a name or a password"),
        ({"url": "https://h/", "token": "hunter2"}, "not kept in the config"),
        ({"url": "https://h/", "token": "file:rel"}, "starts with / or ~"),
        ({"url": "https://h/", "headers": {"X-Api-Key": "hunter2"}}, "looks like a secret"),
        ({"url": "https://h/", "headers": {"X": 1}}, "only text"),
        ({"url": "https://h/", "secret_headers": {"X": "hunter2"}}, "not kept in the config"),
        ({"url": "https://h/", "tokn": "env:X"}, "did you mean 'token'?"),
        ({"url": "https://h/", "batch": 0}, "at least 1"),
        ({"url": "https://h/", "timeout": "3"}, "a number"),
    ],
)
def test_bad_settings_are_told_without_their_secrets(values: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError) as error:
        http.read(Table("config.toml: sinks.hub: ", "hub", "http", values), values)
    assert told in str(error.value)
    assert str(error.value).startswith("config.toml: sinks.hub: ")
    assert "hunter2" not in str(error.value)
