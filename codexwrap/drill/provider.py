"""Play the provider, as scripted."""

import json
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from codexwrap.drill import backend, stream, tools
from codexwrap.drill.answers import Answer, Cut, HttpError, Stall, Text
from codexwrap.drill.httpd import HOST, Link, Request, Server
from codexwrap.drill.tokens import Login, token_id


@dataclass
class Exchange:
    """One request and what became of it. Times are seconds since the epoch.

    `side` marks what Codex asks for itself, such as a title for the thread. `answered_at` is when the decisive bytes of
    the answer were about to be written (an error's status, the cut, the last words before a stall), None before that.
    """

    time: float
    method: str
    path: str
    token: str | None
    headers: Mapping[str, str]
    body: Any
    side: bool = False
    answer: Answer | None = None
    answered_at: float | None = None

    @property
    def messages(self) -> list[tuple[str, str]]:
        """Role and text of every message in the request: what the model gets to read."""
        return list(_messages(self.body))


class Provider:
    """OpenAI's Responses API, the ChatGPT backend and the token endpoint, on a loopback port of its own.

    Each turn's request takes the next answer of `queue`, and `default` when that is empty. `accepted` are the ids of
    the access tokens that are good (None: all are); a request with another one gets `rejection`, whatever the script
    says. `refresh` is what the token endpoint answers: a refusal, or the sign-in that it hands out (None: a new one
    each time, which is then accepted). `backend_error` replaces every page of the ChatGPT backend.
    All of it may be changed while requests run.
    """

    def __init__(self, *, plan: str = "plus", rejection: Answer | None = None) -> None:
        self.queue: deque[Answer] = deque()
        self.default: Answer = Text("All done.")
        self.title = "A task"
        self.plan = plan
        self.accounts = [Login().account]
        self.accepted: set[str] | None = None
        self.rejection: Answer = rejection or HttpError(401, {"error": {"message": "Unauthorized"}})
        self.refresh: HttpError | Login | None = None
        self.usage: Callable[[], dict[str, Any]] = lambda: backend.usage(self.plan)
        self.backend_error: HttpError | None = None
        self.log: list[Exchange] = []
        self._lock = threading.Lock()
        self._renewals = 0
        self._server = Server(self._handle)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._server.port}"

    @property
    def failures(self) -> list[BaseException]:
        """What went wrong in the provider itself; a drill or a test that finds any must not be believed."""
        return self._server.failures

    @property
    def turns(self) -> list[Exchange]:
        """The requests for a turn of the model, without side requests, in the order of their arrival."""
        with self._lock:
            return [each for each in self.log if each.path.endswith("/responses") and not each.side]

    def go_offline(self) -> None:
        """Refuse connections, and hang up on those that are there."""
        self._server.stop()

    def go_online(self) -> None:
        """Be there again, at the same address."""
        self._server.start()

    def close(self) -> None:
        self._server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _handle(self, request: Request, link: Link) -> None:
        exchange = Exchange(
            time=time.time(),
            method=request.method,
            path=request.path,
            token=token_id(request.headers.get("authorization")),
            headers=request.headers,
            body=_decoded(request),
        )
        with self._lock:
            self.log.append(exchange)
        if request.method == "POST" and request.path.endswith("/responses"):
            self._turn(exchange, link)
        elif request.path.endswith("/oauth/token"):
            self._renew(exchange, link)
        elif request.path.endswith("/oauth/revoke"):
            _send(exchange, link, 200, {})
        elif request.headers.get("upgrade", "").lower() == "websocket":
            _send(exchange, link, 426, {"detail": "Upgrade Required"})  # Codex then takes HTTP at once
        else:
            self._page(exchange, link)

    def _page(self, exchange: Exchange, link: Link) -> None:
        if self.backend_error is not None and "/wham/" in exchange.path:
            _refuse(exchange, link, self.backend_error)
            return
        page = backend.answer(exchange.path, plan=self.plan, accounts=self.accounts, usage=self.usage())
        if page is None or exchange.method != "GET":
            _send(exchange, link, 404, {"detail": "Not Found"})
        else:
            _send(exchange, link, 200, page)

    def _renew(self, exchange: Exchange, link: Link) -> None:
        refresh = self.refresh
        if isinstance(refresh, HttpError):
            _refuse(exchange, link, refresh)
        else:
            _send(exchange, link, 200, (refresh or self._renewed()).tokens())

    def _renewed(self) -> Login:
        with self._lock:
            self._renewals += 1
            token = f"renewed-{self._renewals}"
            if self.accepted is not None:
                self.accepted.add(token)
        return Login(token=token, refresh_token=f"refresh-{token}", plan=self.plan)

    def _turn(self, exchange: Exchange, link: Link) -> None:
        with self._lock:
            exchange.side = _asks_for_title(exchange.body)
            if exchange.side:
                answer: Answer = Text(json.dumps({"title": self.title}))
            elif self.accepted is not None and exchange.token not in self.accepted:
                answer = self.rejection
            else:
                answer = self.queue.popleft() if self.queue else self.default
            exchange.answer = answer
            number = len(self.log)
        link.wait(answer.delay)
        if isinstance(answer, HttpError):
            _refuse(exchange, link, answer)
            return
        if isinstance(answer, Stall) and not answer.text:
            exchange.answered_at = time.time()
            link.wait(answer.seconds)
            link.cut()
            return
        link.begin({"content-type": "text/event-stream", "x-request-id": f"req_{number}", **answer.headers})
        _stream(exchange, link, answer, stream.events(answer, number=number, offered=tools.offered(exchange.body)))


def _stream(exchange: Exchange, link: Link, answer: Answer, events: Iterator[stream.Event]) -> None:
    pause = answer.pause if isinstance(answer, Text) else 0.0
    for event in events:
        exchange.answered_at = time.time()
        link.write(stream.encode(event))
        link.wait(pause)
    if isinstance(answer, Stall):
        link.wait(answer.seconds)
    if isinstance(answer, Cut | Stall):
        exchange.answered_at = exchange.answered_at if isinstance(answer, Stall) else time.time()
        link.cut()
    else:
        link.end()


def _refuse(exchange: Exchange, link: Link, error: HttpError) -> None:
    exchange.answer = error
    _send(exchange, link, error.status, error.body, error.headers)


def _send(exchange: Exchange, link: Link, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
    plain = isinstance(body, str)
    data = (body if plain else json.dumps(body)).encode()
    exchange.answered_at = time.time()
    kind = "text/html" if plain else "application/json"
    link.send(status, data, {"content-type": kind, "x-request-id": f"req_{os.urandom(4).hex()}", **(headers or {})})


def _decoded(request: Request) -> Any:
    """The body's JSON; None where there is none. Codex compresses bodies only if its config lets it: ours does not."""
    if request.headers.get("content-encoding", "identity") != "identity":
        return None
    try:
        return json.loads(request.body)
    except ValueError:
        return None


def _asks_for_title(body: Any) -> bool:
    """Newer versions let the model word a title for the thread: a request of its own, with the form of its answer."""
    try:
        return set(body["text"]["format"]["schema"]["properties"]) == {"title"}
    except (KeyError, TypeError):
        return False


def _messages(body: Any) -> Iterator[tuple[str, str]]:
    for item in body.get("input", []) if isinstance(body, dict) else []:
        if isinstance(item, dict) and item.get("type", "message") == "message":
            content = item.get("content")
            parts = [{"text": content}] if isinstance(content, str) else content or []
            yield str(item.get("role")), "".join(str(part.get("text", "")) for part in parts)
