"""Tell a Slack channel."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import requests

from codexwrap.alerts.message import Message
from codexwrap.errors import UsageError
from codexwrap.sinks import http, secret, tables
from codexwrap.sinks.outcome import LaterError, StuckError
from codexwrap.sinks.tables import Table

_HEADER, _TEXT, _FIELD = 150, 3000, 2000  # characters that Slack takes
_FIELDS = 10


class Settings(NamedTuple):
    """`webhook` says where the address of the incoming webhook is: who has it may write to the channel."""

    webhook: str
    timeout: float = 10.0


def read(table: Table, values: Mapping[str, object]) -> Settings:
    """Raises UsageError."""
    settings = tables.checked(table, values, Settings)
    secret.check(f"{table.where}webhook", settings.webhook)
    return settings


class Channel:
    """Slack's incoming webhooks cannot change what they said: who joins an incident later is named when it is over."""

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        self._settings, self._environ = settings, environ

    def tell(self, message: Message) -> None:
        """Raises NotTakenError."""
        url = secret.read(self._settings.webhook, self._environ)
        try:
            http.check_url("the webhook's address", url)
        except UsageError as error:
            raise StuckError(str(error)) from None
        body = json.dumps(payload(message)).encode()
        with requests.Session() as session:
            headers = {"Content-Type": "application/json"}
            answer = http.post(session, url, body, headers, timeout=self._settings.timeout)
        if answer.strip() != b"ok":
            raise LaterError("the webhook took it, but did not say ok", answered=True)


def payload(message: Message) -> dict[str, Any]:
    """Blocks of plain text: Slack finds no link, no name to ping and no formatting in those."""
    short = [fact for fact in message.facts if len(fact[1]) <= 60][:_FIELDS]
    long = [fact for fact in message.facts if fact not in short]
    blocks: list[dict[str, Any]] = [{"type": "header", "text": _plain(message.title, _HEADER)}]
    if short:
        blocks.append({"type": "section", "fields": [_plain(f"{name}\n{value}", _FIELD) for name, value in short]})
    blocks += [{"type": "section", "text": _plain(f"{name}\n{value}", _TEXT)} for name, value in long]
    return {"text": _escaped(message.title), "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def _plain(text: str, most: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": text if len(text) <= most else f"{text[: most - 1]}…", "emoji": False}


def _escaped(text: str) -> str:
    """For the line that notifications show, which knows formatting: with `<` go links and pings."""
    for char, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(char, name)
    return "".join(f"{char}\u2060" if char in "@*_~`:" else char for char in text)
