"""Write one turn's event stream."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, assert_never

from codexwrap.drill import tools
from codexwrap.drill.answers import Answer, Call, Cut, Failed, HttpError, Incomplete, Patch, Shell, Stall, Text

Event = dict[str, Any]

_PIECE = 12  # characters of text in one event


def events(
    answer: Answer, *, number: int, offered: Sequence[Mapping[str, Any]], compact: bool = False
) -> Iterator[Event]:
    """The events of an answer as the Responses API streams them, up to where it ends or goes silent.

    `number` tells this response from the others; `offered` are the tools of the request; `compact` says that it asks for
    a summary of the conversation, which then takes the place of words. Raises NoSuchToolError.
    """
    response, call_id = f"resp_{number}", f"call_{number}"
    yield {"type": "response.created", "response": {"id": response}}
    match answer:
        case Text(text=text) if compact:
            yield _done(compaction(text), number)
        case Text(text=text):
            yield from _message(text, number, whole=True)
        case Shell(command=command, say=say):
            if say:
                yield from _message(say, number, whole=True)
            yield _done(tools.shell(list(offered), command, call_id=call_id), number)
        case Patch(patch=patch):
            yield _done(tools.patch(list(offered), patch, call_id=call_id), number)
        case Call(name=name, arguments=arguments):
            yield _done(tools.call(name, arguments, call_id=call_id), number)
        case Cut(text=text) | Stall(text=text):
            yield from _message(text, number, whole=False)
            return
        case Failed(error=error, text=text):
            yield from _message(text, number, whole=False)
            failed = {"id": response, "object": "response", "status": "failed", "error": dict(error), "usage": None}
            yield {"type": "response.failed", "response": failed}
            return
        case Incomplete(reason=reason, text=text):
            yield from _message(text, number, whole=False)
            details = {"id": response, "status": "incomplete", "incomplete_details": {"reason": reason}}
            yield {"type": "response.incomplete", "response": details}
            return
        case HttpError():
            raise TypeError("an HTTP error has no event stream")
        case _:
            assert_never(answer)
    yield {"type": "response.completed", "response": {"id": response, "usage": _USAGE}}


def encode(event: Event) -> bytes:
    """An event as server-sent events carry it."""
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def compaction(text: str) -> tools.Item:
    """The item that stands for a conversation from then on. What it holds is the model's own business."""
    return {"type": "compaction", "encrypted_content": text}


_USAGE = {
    "input_tokens": 1200,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 40,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 1240,
}


def _message(text: str, number: int, *, whole: bool) -> Iterator[Event]:
    if not text:
        return
    message: dict[str, Any] = {"type": "message", "role": "assistant", "id": f"msg_{number}", "content": []}
    yield {"type": "response.output_item.added", "output_index": 0, "item": message}
    place = {"item_id": message["id"], "output_index": 0, "content_index": 0}
    for start in range(0, len(text), _PIECE):
        yield {"type": "response.output_text.delta", **place, "delta": text[start : start + _PIECE]}
    if whole:
        content = [{"type": "output_text", "text": text, "annotations": []}]
        yield {"type": "response.output_item.done", "output_index": 0, "item": {**message, "content": content}}


def _done(item: tools.Item, number: int) -> Event:
    return {"type": "response.output_item.done", "output_index": 1, "item": {"id": f"item_{number}", **item}}
