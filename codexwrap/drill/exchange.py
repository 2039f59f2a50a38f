"""Log what Codex asks."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from codexwrap.drill.answers import Answer
from codexwrap.drill.httpd import Request
from codexwrap.drill.tokens import token_id


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
    def asks_for_summary(self) -> bool:
        """Newer versions let the model compact the conversation: the last item of the input asks for it."""
        items = self.body.get("input") if isinstance(self.body, dict) else None
        last = items[-1] if isinstance(items, list) and items else None
        return isinstance(last, dict) and last.get("type") == "compaction_trigger"

    @property
    def messages(self) -> list[tuple[str, str]]:
        """Role and text of every message in the request: what the model gets to read."""
        return list(_messages(self.body))


def asked(request: Request) -> Exchange:
    """The exchange that a request opens, now."""
    body = _decoded(request)
    return Exchange(
        time=time.time(),
        method=request.method,
        path=request.path,
        token=token_id(request.headers.get("authorization")),
        headers=request.headers,
        body=body,
        side=_asks_for_title(body),
    )


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
