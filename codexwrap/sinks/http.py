"""Post events to a web server."""

import email.utils
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

import requests

from codexwrap.errors import UsageError
from codexwrap.events import Event
from codexwrap.redact.redact import printable
from codexwrap.sinks import secret, tables
from codexwrap.sinks.outcome import LaterError, RefusedError, StuckError
from codexwrap.sinks.tables import Table

# Of the statuses that say that the request is wrong, those that mean its content; all others mean the address or the sender.
_CONTENT = (400, 409, 411, 412, 413, 414, 415, 416, 417, 422, 423, 424, 428, 431, 451)
_BUSY = (408, 421, 425, 429)
_LONGEST_WAIT = 86400.0  # seconds that a server may ask for
_ENOUGH = 65536  # bytes of an answer
_SECRET_HEADERS = ("auth", "token", "key", "secret", "cookie", "password", "signature")


class Settings(NamedTuple):
    """`token` and `secret_headers` say where a secret is; `batch` is how many events go in one request, 1 for structured
    mode; `expect` is what an answer must hold to be believed; `ca` is a file of certificates to trust.
    """

    url: str
    token: str = ""
    headers: dict[str, str] = {}  # noqa: RUF012 - a NamedTuple's default, never written to
    secret_headers: dict[str, str] = {}  # noqa: RUF012
    batch: int = 100
    timeout: float = 10.0
    expect: str = ""
    ca: str = ""


def read(table: Table, values: Mapping[str, object]) -> Settings:
    """Raises UsageError."""
    settings = tables.checked(table, values, Settings)
    check_url(f"{table.where}url", settings.url)
    if settings.token:
        secret.check(f"{table.where}token", settings.token)
    for name, reference in settings.secret_headers.items():
        secret.check(f"{table.where}secret_headers.{name}", reference)
    for name in settings.headers:
        if any(word in name.lower() for word in _SECRET_HEADERS):
            raise UsageError(f"{table.where}headers.{name} looks like a secret: it belongs to secret_headers, or token")
    if settings.batch < 1 or not 0 < settings.timeout <= 600:
        raise UsageError(f"{table.where}batch must be at least 1, timeout more than 0 and at most 600 (seconds)")
    return settings


def check_url(where: str, url: str) -> None:
    """Raises UsageError, without the URL itself: what is told ends in logs."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"{where} is no address: {error}") from None
    if parts.scheme not in ("http", "https"):
        begins = f"begins with {parts.scheme}:" if parts.scheme else "lacks that"
        raise UsageError(f"{where} must begin with https:// (or http://); this one {begins}")
    if not host or url != url.strip() or any(not char.isprintable() or char == " " for char in url):
        raise UsageError(f"{where} names no host, or holds blanks")
    if parts.username or parts.password:
        raise UsageError(f"{where} holds a name or a password: use token or secret_headers")


class Sink:
    """CloudEvents over HTTP: the batch format, or structured mode where a request holds one event."""

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        self._settings, self._environ = settings, environ
        self.batch = settings.batch
        self._session = requests.Session()
        self._session.auth = lambda request: request  # else a .netrc would replace the token

    def send(self, events: Sequence[Event]) -> None:
        """Raises NotTakenError."""
        batched = self.batch > 1
        lines = [event.to_line().rstrip(b"\n") for event in events]
        body = b"[" + b",".join(lines) + b"]" if batched else lines[0]
        kind = "application/cloudevents-batch+json" if batched else "application/cloudevents+json"
        settings, environ = self._settings, self._environ
        headers = {**settings.headers, "Content-Type": f"{kind}; charset=utf-8", "User-Agent": "codexwrap"}
        if settings.token:
            headers["Authorization"] = f"Bearer {secret.read(settings.token, environ)}"
        for name, reference in settings.secret_headers.items():
            headers[name] = secret.read(reference, environ)
        answer = post(self._session, settings.url, body, headers, timeout=settings.timeout, ca=settings.ca)
        if settings.expect and settings.expect.encode() not in answer:
            raise LaterError("the server took it, but did not say what it should (expect)", answered=True)

    def close(self) -> None:
        self._session.close()


def post(
    session: requests.Session, url: str, body: bytes, headers: Mapping[str, str], *, timeout: float, ca: str = ""
) -> bytes:
    """The start of the answer of a server that took what was posted. Raises NotTakenError."""
    until = time.monotonic() + 3 * timeout
    try:
        with session.post(
            url,
            data=body,
            headers=headers,
            timeout=timeout,
            verify=ca or True,
            allow_redirects=False,  # a POST that is redirected arrives as a GET, and a page that says 200 took nothing
            stream=True,
        ) as answer:
            text = b""
            for piece in answer.iter_content(8192):
                text += piece
                if len(text) > _ENOUGH or time.monotonic() > until:
                    break
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidHeader, UnicodeError, OSError) as error:
        if isinstance(error, requests.RequestException) and not isinstance(
            error, requests.exceptions.InvalidURL | requests.exceptions.InvalidHeader
        ):
            raise LaterError(_said(error)) from None
        raise StuckError(_said(error)) from None
    _judge(answer, text)
    return text


def _judge(answer: requests.Response, text: bytes) -> None:
    status = answer.status_code
    said = f"HTTP {status} {printable(answer.reason or '')[:60]}".rstrip()
    if 200 <= status < 300:
        # Who asks to sign in to a network, or a proxy with bad news, says 200, too.
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            raise LaterError(f"{said}, but a web page: something between here and the sink answers", answered=True)
        return
    if status in _BUSY or status >= 500:
        raise LaterError(said, wait=_retry_after(answer.headers.get("Retry-After", "")), answered=True)
    if 300 <= status < 400:
        raise StuckError(f"{said}: it is somewhere else; put the new address into the config")
    if status in _CONTENT:
        words = printable(text[:200].decode("utf-8", "replace"))
        raise RefusedError(f"{said}: {words}" if words else said)
    raise StuckError(f"{said}: the address or the token is not right")


def _retry_after(value: str) -> float | None:
    """Seconds, from a number of them or a date."""
    try:
        wait = (
            float(value)
            if value.strip().isdecimal()
            else email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        )
    except (ValueError, TypeError):
        return None
    return min(max(0.0, wait), _LONGEST_WAIT)


def _said(error: Exception) -> str:
    """What went wrong, without the address: its path may be a secret."""
    inner: BaseException | None = error
    while (
        isinstance(inner, requests.RequestException | Exception)
        and inner.args
        and isinstance(inner.args[-1], BaseException)
    ):
        inner = inner.args[-1]
    reason = getattr(inner, "reason", None) or inner
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    text = str(getattr(reason, "args", [""])[-1] if isinstance(reason, BaseException) and reason.args else reason)
    text = text.rpartition("object at ")[2].partition(">: ")[2] or text.partition(">: ")[2] or text
    return f"{type(error).__name__}: {printable(text)[:120]}"
