"""Play any provider, as scripted."""

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from codexwrap.drill.answers import Answer, Cut, HttpError, Stall, Text
from codexwrap.drill.httpd import HOST, Link, Request, Server


@dataclass
class Asked:
    """One request; `answered_at` is when the decisive bytes of its answer were about to be written, in epoch seconds."""

    path: str
    token: str
    body: Any
    answer: Answer | None = None
    answered_at: float | None = None


class Scripted:
    """A provider whose turns take their answers from `queue`, and from `default` when that is empty.

    `accepted` are the credentials that are good, None where all are; a turn with another one gets `rejection`. `encode`
    writes a turn's answer as this provider streams it, `page` answers what is no turn: a status and a body.
    """

    def __init__(
        self,
        *,
        turn: Callable[[Request, Any], bool],
        encode: Callable[[Answer, int], Iterator[bytes]],
        page: "Callable[[Scripted, Request, Any], HttpError]",
        token: Callable[[Request], str],
    ) -> None:
        self.queue: deque[Answer] = deque()
        self.default: Answer = Text("All done.")
        self.accepted: set[str] | None = None
        self.rejection: Answer = HttpError(401, {})
        self.refresh: HttpError | None = None
        self.log: list[Asked] = []
        self._turn, self._encode, self._page, self._token = turn, encode, page, token
        self._lock = threading.Lock()
        self._server = Server(self._handle)

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def failures(self) -> list[BaseException]:
        """What went wrong in the provider itself."""
        return self._server.failures

    def go_offline(self) -> None:
        self._server.stop()

    def go_online(self) -> None:
        self._server.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    def _handle(self, request: Request, link: Link) -> None:
        try:
            body = json.loads(request.body)
        except ValueError:
            body = None
        asked = Asked(request.path, self._token(request), body)
        with self._lock:
            self.log.append(asked)
            if not self._turn(request, body):
                answer: Answer = self._page(self, request, body)
            elif self.accepted is not None and asked.token not in self.accepted:
                answer = self.rejection
            else:
                answer = self.queue.popleft() if self.queue else self.default
            asked.answer = answer
            number = len(self.log)
        link.wait(answer.delay)
        if isinstance(answer, HttpError):
            asked.answered_at = time.time()
            link.send(answer.status, *_body(answer))
        else:
            self._stream(asked, answer, link, number)

    def _stream(self, asked: Asked, answer: Answer, link: Link, number: int) -> None:
        silent = isinstance(answer, Stall) and not answer.text
        if not silent:
            link.begin({"content-type": "text/event-stream", **answer.headers})
            for piece in self._encode(answer, number):
                asked.answered_at = time.time()
                link.write(piece)
                link.wait(answer.pause if isinstance(answer, Text) else 0)
        asked.answered_at = asked.answered_at if asked.answered_at and not isinstance(answer, Cut) else time.time()
        if isinstance(answer, Stall):
            link.wait(answer.seconds)
        if isinstance(answer, Cut | Stall):
            link.cut()
        else:
            link.end()


def _body(answer: HttpError) -> tuple[bytes, Mapping[str, str]]:
    plain = isinstance(answer.body, str)
    data = (answer.body if isinstance(answer.body, str) else json.dumps(answer.body)).encode()
    return data, {"content-type": "text/html" if plain else "application/json", **answer.headers}
