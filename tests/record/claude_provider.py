"""Play Anthropic's API."""

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from codexwrap.drill.answers import Answer, Call, Cut, Failed, HttpError, Shell, Stall, Text
from codexwrap.drill.httpd import Request
from tests.record.guests import bearer
from tests.record.scripted import Scripted

HOSTS = ("api.anthropic.com", "platform.claude.com", "console.anthropic.com")
_PIECE = 12  # characters of text in one event
_USAGE = {"input_tokens": 1200, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 40}


def provider() -> Scripted:
    return Scripted(turn=_is_turn, encode=encode, page=_page, token=bearer)


def encode(answer: Answer, number: int) -> Iterator[bytes]:
    """An answer as the Messages API streams it, up to where it ends or goes silent."""
    message = {"id": f"msg_{number}", "type": "message", "role": "assistant", "model": "claude-opus-4-8", "content": []}
    start = {**message, "stop_reason": None, "stop_sequence": None, "usage": {**_USAGE, "output_tokens": 1}}
    yield _event("message_start", message=start)
    match answer:
        case Text(text=text):
            yield from _text(text, whole=True)
            yield from _end("end_turn")
        case Shell(command=command, say=say):
            yield from _text(say, whole=True)
            yield from _call("Bash", {"command": command, "description": "Run it"}, number, bool(say))
            yield from _end("tool_use")
        case Call(name=name, arguments=arguments):
            yield from _call(name, arguments, number, after=False)
            yield from _end("tool_use")
        case Failed(error=error, text=text):
            yield from _text(text, whole=False)
            yield _event("error", error=dict(error))
        case Cut(text=text) | Stall(text=text):
            yield from _text(text, whole=False)
        case _:
            raise TypeError(f"no stream: {answer}")


def refusal(
    status: int, kind: str, message: str, headers: Mapping[str, str] | None = None, **details: Any
) -> HttpError:
    """An error as the API words it."""
    body = {"type": "error", "error": {"type": kind, "message": message, **details}, "request_id": "req_recorded"}
    return HttpError(status, body, headers or {})


def _is_turn(request: Request, body: Any) -> bool:
    """Not what Claude Code asks for itself, such as a title: these requests offer no tools."""
    return request.path == "/v1/messages" and bool(isinstance(body, dict) and body.get("tools"))


def _page(provider: Scripted, request: Request, body: Any) -> HttpError:
    if request.path == "/v1/messages":
        return _aside(provider, request, body)
    if request.path == "/v1/messages/count_tokens":
        return HttpError(200, {"input_tokens": 1200})
    if request.path == "/v1/oauth/token":
        return provider.refresh or HttpError(200, _renewed())
    if request.path == "/api/oauth/profile":
        return HttpError(200, _PROFILE)
    return refusal(404, "not_found_error", "Not Found")


def _aside(provider: Scripted, request: Request, body: Any) -> HttpError | Any:
    if provider.accepted is not None and bearer(request) not in provider.accepted:
        return provider.rejection
    return Text('{"title": "Parser work", "isNewTopic": true}') if body.get("stream") else HttpError(200, _ok())


def _ok() -> dict[str, Any]:
    content = [{"type": "text", "text": '{"title": "Parser work"}'}]
    message = {"id": "msg_side", "type": "message", "role": "assistant", "model": "claude-haiku-4-5", "usage": _USAGE}
    return {**message, "content": content, "stop_reason": "end_turn", "stop_sequence": None}


def _renewed() -> dict[str, Any]:
    token = f"renewed-{time.time_ns()}"
    scope = "user:inference user:profile"
    return {"access_token": token, "refresh_token": "refresh-2", "expires_in": 28800, "scope": scope}


_PROFILE = {
    "account": {"uuid": "account-1", "email": "seat@example.com", "has_claude_max": True, "has_claude_pro": False},
    "organization": {
        "uuid": "organization-1",
        "organization_type": "claude_max",
        "rate_limit_tier": "default_claude_max",
    },
}


def _event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def _text(text: str, *, whole: bool) -> Iterator[bytes]:
    if not text:
        return
    yield _event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    for start in range(0, len(text), _PIECE):
        delta = {"type": "text_delta", "text": text[start : start + _PIECE]}
        yield _event("content_block_delta", index=0, delta=delta)
    if whole:
        yield _event("content_block_stop", index=0)


def _call(name: str, arguments: Mapping[str, Any], number: int, after: bool) -> Iterator[bytes]:
    index = int(after)
    block = {"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": {}}
    yield _event("content_block_start", index=index, content_block=block)
    delta = {"type": "input_json_delta", "partial_json": json.dumps(arguments)}
    yield _event("content_block_delta", index=index, delta=delta)
    yield _event("content_block_stop", index=index)


def _end(reason: str) -> Iterator[bytes]:
    delta = {"stop_reason": reason, "stop_sequence": None}
    yield _event("message_delta", delta=delta, usage={"output_tokens": 40})
    yield _event("message_stop")
