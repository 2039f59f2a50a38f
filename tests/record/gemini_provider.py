"""Play Google's Gemini API."""

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from codexwrap.drill.answers import Answer, Call, Cut, Failed, HttpError, Shell, Stall, Text
from codexwrap.drill.httpd import Request
from tests.record.guests import bearer
from tests.record.scripted import Scripted

HOSTS = (
    "generativelanguage.googleapis.com",
    "cloudcode-pa.googleapis.com",
    "oauth2.googleapis.com",
    "www.googleapis.com",
)
_PIECE = 40  # characters of text in one event
_USAGE = {"promptTokenCount": 1200, "candidatesTokenCount": 40, "totalTokenCount": 1240}


def provider() -> Scripted:
    return Scripted(turn=_is_turn, encode=_encode, page=_page, token=bearer)


def subscription() -> Scripted:
    """The same behind Code Assist, where people sign in with Google: it wraps what it streams once more."""
    return Scripted(turn=_is_turn, encode=_wrapped, page=_page, token=bearer)


def refusal(code: int, status: str, message: str, *details: Mapping[str, Any]) -> HttpError:
    """An error as Google words it; each of the details begins with its short type."""
    typed = [{**each, "@type": f"type.googleapis.com/google.rpc.{each['@type']}"} for each in details]
    error = {"code": code, "message": message, "status": status, **({"details": typed} if typed else {})}
    return HttpError(code, {"error": error})


def _is_turn(request: Request, body: Any) -> bool:
    """Not what Gemini asks for itself: these requests want no stream."""
    return request.path.endswith(":streamGenerateContent")


def _encode(answer: Answer, number: int) -> Iterator[bytes]:
    for event in _events(answer):
        yield _data(event)


def _wrapped(answer: Answer, number: int) -> Iterator[bytes]:
    for event in _events(answer):
        yield _data({"response": event, "traceId": f"trace-{number}"})


def _data(event: Mapping[str, Any]) -> bytes:
    return f"data: {json.dumps(event)}\r\n\r\n".encode()


def _events(answer: Answer) -> Iterator[dict[str, Any]]:
    match answer:
        case Text(text=text):
            yield from _text(text)
            yield _event([{"text": ""}], end="STOP")
        case Shell(command=command, say=say):
            yield from _text(say)
            arguments = {"command": command, "description": "Run it"}
            yield _event([{"functionCall": {"name": "run_shell_command", "args": arguments}}], end="STOP")
        case Call(name=name, arguments=arguments):
            yield _event([{"functionCall": {"name": name, "args": dict(arguments)}}], end="STOP")
        case Failed(error=error, text=text):
            yield from _text(text)
            yield {"error": dict(error)}
        case Cut(text=text) | Stall(text=text):
            yield from _text(text)
        case _:
            raise TypeError(f"no stream: {answer}")


def _text(text: str) -> Iterator[dict[str, Any]]:
    for start in range(0, len(text), _PIECE):
        yield _event([{"text": text[start : start + _PIECE]}])


def _event(parts: list[dict[str, Any]], *, end: str | None = None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
    if end:
        candidate["finishReason"] = end
    return {"candidates": [candidate], "usageMetadata": _USAGE, "modelVersion": "gemini-2.5-pro"}


def _page(provider: Scripted, request: Request, body: Any) -> HttpError:
    path = request.path.rpartition("/")[2]
    if path.endswith(":countTokens"):
        return HttpError(200, {"totalTokens": 1200})
    if path.endswith(":generateContent"):
        if provider.accepted is not None and bearer(request) not in provider.accepted:
            assert isinstance(provider.rejection, HttpError)
            return provider.rejection
        said = json.dumps({"reasoning": "All is said.", "next_speaker": "user", "model_choice": "pro"})
        answer = _event([{"text": said}], end="STOP")
        return HttpError(200, {"response": answer} if path.startswith("v1internal") else answer)
    if path == "token":
        grant = {"access_token": f"renewed-{time.time_ns()}", "expires_in": 3599, "token_type": "Bearer"}
        return provider.refresh or HttpError(200, {**grant, "scope": _SCOPE})
    if path in ("tokeninfo", "userinfo"):
        return HttpError(200, {"email": "seat@example.com", "scope": _SCOPE, "expires_in": 3000, "sub": "1"})
    if path == "v1internal:loadCodeAssist":
        tier = {"id": "standard-tier", "name": "Gemini Code Assist", "isDefault": True}
        return HttpError(200, {"currentTier": tier, "allowedTiers": [tier], "cloudaicompanionProject": "project-1"})
    if path.startswith("v1internal"):
        return HttpError(200, {})
    return refusal(404, "NOT_FOUND", "Not Found")


_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
