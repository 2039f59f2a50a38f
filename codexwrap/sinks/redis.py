"""Add events to a Redis stream."""

import importlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from codexwrap.errors import UsageError
from codexwrap.events import Event
from codexwrap.redact.redact import printable
from codexwrap.sinks import secret, tables
from codexwrap.sinks.outcome import LaterError, NoSecretError, StuckError
from codexwrap.sinks.tables import Table

FIELD = "e"  # of an entry: the event


class Settings(NamedTuple):
    """`url` is redis://[user@]host[:port][/db], with TLS rediss://; `password` says where that is. `keep` is about how many
    entries the stream holds; the hash `seats` holds the last event of each seat, by its source.
    """

    url: str
    password: str = ""
    stream: str = "codexwrap:feed"
    seats: str = "codexwrap:seats"
    keep: int = 1_000_000
    timeout: float = 10.0
    ca: str = ""


def read(table: Table, values: Mapping[str, object]) -> Settings:
    """Raises UsageError."""
    settings = tables.checked(table, values, Settings)
    try:
        parts = urlsplit(settings.url)
        host, password, _ = parts.hostname, parts.password, parts.port
    except ValueError as error:
        raise UsageError(f"{table.where}url is no address: {error}") from None
    if parts.scheme not in ("redis", "rediss", "unix") or not (host or parts.scheme == "unix"):
        raise UsageError(f"{table.where}url must look like rediss://user@host:6379/0 (redis:// without TLS)")
    if password or "password=" in settings.url:
        raise UsageError(f'{table.where}url holds a password: say password = "env:VARIABLE" or "file:PATH"')
    if settings.password:
        secret.check(f"{table.where}password", settings.password)
    if settings.keep < 1 or not 0 < settings.timeout <= 600 or not settings.stream or not settings.seats:
        raise UsageError(f"{table.where}keep must be at least 1, timeout more than 0 and at most 600 (seconds)")
    return settings


def connect(settings: Settings, environ: Mapping[str, str]) -> Any:
    """A client; connections are made when it is used. Raises NotTakenError."""
    try:
        redis = importlib.import_module("redis")
    except ImportError:
        raise NoSecretError("the package redis is not installed: pip install 'codexwrap[redis]'") from None
    options: dict[str, Any] = {
        "socket_timeout": settings.timeout,
        "socket_connect_timeout": settings.timeout,
        "health_check_interval": 30,
        "decode_responses": False,
    }
    if settings.password:
        options["password"] = secret.read(settings.password, environ)
    if settings.ca:
        options["ssl_ca_certs"] = settings.ca
    return redis.Redis.from_url(settings.url, **options)


class Sink:
    """A stream of events and a hash of each seat's last one. What is sent twice stands in the stream twice, with one id."""

    batch = 500

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        self._settings, self._environ = settings, environ
        self._client: Any = None

    def send(self, events: Sequence[Event]) -> None:
        """Raises NotTakenError."""
        if self._client is None:
            self._client = connect(self._settings, self._environ)
        settings = self._settings
        try:
            with self._client.pipeline(transaction=True) as pipe:
                for event in events:
                    line = event.to_line().rstrip(b"\n")
                    pipe.xadd(settings.stream, {FIELD: line}, maxlen=settings.keep, approximate=True)
                    if event.type.startswith("codexwrap.seat."):
                        pipe.hset(settings.seats, event.source, line)
                pipe.execute()
        except Exception as error:  # noqa: BLE001 - the client's own exceptions are there only where it is installed
            self.close()
            raise failure(error) from None

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def failure(error: Exception) -> Exception:
    """What an exception of the client means; others are given back as they are."""
    names = {each.__name__ for each in type(error).__mro__}
    said = f"{type(error).__name__}: {printable(str(error))[:160]}"
    if names & {"AuthenticationError", "NoPermissionError", "AuthorizationError"} or "WRONGTYPE" in str(error):
        return StuckError(said)
    return LaterError(said) if names & {"RedisError", "OSError"} else error
