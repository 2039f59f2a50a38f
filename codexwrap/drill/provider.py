"""Play the provider, as scripted."""

import json
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

from codexwrap.drill import backend, stream, tools
from codexwrap.drill.answers import Answer, Cut, HttpError, Stall, Text
from codexwrap.drill.exchange import Exchange, asked
from codexwrap.drill.httpd import HOST, Link, Request, Server
from codexwrap.drill.tokens import Login

_TURNS = ("/responses", "/responses/compact")


class Provider:
    """OpenAI's Responses API, the ChatGPT backend and the token endpoint, on a loopback port of its own.

    Each turn's request takes the next answer of `queue`, and `default` when that is empty. `accepted` are the ids of
    the access tokens that are good (None: all are); a request with another one gets `rejection`, whatever the script
    says. `refresh` is what the token endpoint answers: a refusal, or the sign-in that it hands out (None: a new one
    each time, which is then accepted). `backend_error` replaces every page of the ChatGPT backend.
    `websocket` is the status that refuses a WebSocket: after 426 Codex takes HTTP at once, after others it tries again.
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
        self.websocket = 426
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
            return [each for each in self.log if each.path.endswith(_TURNS) and not each.side]

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
        exchange = asked(request)
        with self._lock:
            self.log.append(exchange)
        if request.method == "POST" and request.path.endswith(_TURNS):
            self._turn(exchange, link)
        elif request.path.endswith("/oauth/token"):
            self._renew(exchange, link)
        elif request.path.endswith("/oauth/revoke"):
            _send(exchange, link, 200, {})
        elif request.headers.get("upgrade", "").lower() == "websocket":
            _send(exchange, link, self.websocket, {"detail": "Upgrade Required"})
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
        if exchange.path.endswith("/compact"):
            summary = answer.text if isinstance(answer, Text) else ""
            _send(exchange, link, 200, {"output": [stream.compaction(summary)]})
            return
        link.begin({"content-type": "text/event-stream", "x-request-id": f"req_{number}", **answer.headers})
        offered, compact = tools.offered(exchange.body), exchange.asks_for_summary
        _stream(exchange, link, answer, stream.events(answer, number=number, offered=offered, compact=compact))


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
