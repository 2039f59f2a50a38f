"""What the provider answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Headers = Mapping[str, str]


@dataclass(frozen=True)
class Text:
    """A turn that ends well with these words, streamed in pieces `pause` seconds apart.

    `delay` is, here and below, in seconds from the request to the first byte.
    """

    text: str
    delay: float = 0
    pause: float = 0.005
    headers: Headers = field(default_factory=dict)


@dataclass(frozen=True)
class Shell:
    """The agent runs a shell command. Its result comes back with the next request."""

    command: str
    delay: float = 0
    say: str = ""
    headers: Headers = field(default_factory=dict)


@dataclass(frozen=True)
class Patch:
    """The agent edits files: `patch` in the format of apply_patch."""

    patch: str
    delay: float = 0
    headers: Headers = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """The agent calls the tool of this name, whether or not the request offers it."""

    name: str
    arguments: Mapping[str, Any]
    delay: float = 0
    headers: Headers = field(default_factory=dict)


@dataclass(frozen=True)
class HttpError:
    """No stream: an HTTP status with a body (JSON, or text as it stands)."""

    status: int
    body: Mapping[str, Any] | str
    headers: Headers = field(default_factory=dict)
    delay: float = 0


@dataclass(frozen=True)
class Failed:
    """A stream that ends with `response.failed` and this error, after `text`."""

    error: Mapping[str, Any]
    text: str = ""
    delay: float = 0
    headers: Headers = field(default_factory=dict)


@dataclass(frozen=True)
class Incomplete:
    """A stream that ends with `response.incomplete`, after `text`."""

    reason: str = "max_output_tokens"
    text: str = ""
    delay: float = 0
    headers: Headers = field(default_factory=dict)


@dataclass(frozen=True)
class Cut:
    """A stream whose connection is closed after `text`."""

    text: str = "I am starting to "
    delay: float = 0
    headers: Headers = field(default_factory=dict)


@dataclass(frozen=True)
class Stall:
    """A stream that says no more after `text`, for `seconds`, and is then cut; without `text` it never starts."""

    text: str = "I am starting to "
    seconds: float = 3600
    delay: float = 0
    headers: Headers = field(default_factory=dict)


Answer = Text | Shell | Patch | Call | HttpError | Failed | Incomplete | Cut | Stall
