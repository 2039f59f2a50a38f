"""What one frame of an agent shows."""

import re
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from codexwrap.screen.screen import Screen
    from codexwrap.story import Session, Story


class Live(StrEnum):
    """What the row says that an agent keeps while a turn runs."""

    WORKING = "working"
    RETRYING = "retrying"
    NO_NETWORK = "no network"
    NO_SERVER = "no server"


class Page(StrEnum):
    """What stands on the screen in place of the conversation."""

    LOGIN = "login"
    OVERLAY = "overlay"  # a transcript, a diff, a picker: its rows are not the live end of anything
    EXIT = "exit"  # the last words of a program that did not start


class Banner(NamedTuple):
    """A cell with the shape of a fatal error. `text` is its words, `squashed` the same as rules compare them."""

    row: int
    text: str
    squashed: str


class Look(NamedTuple):
    """One frame, read.

    `banner` is the fatal-looking cell at the live end: nothing of the conversation stands below it; `passed` are those
    that something does. `overtaken` is the one below which nothing stands but one prompt, as where a line waited for the
    turn's end, and `overtaken_prompt` the prompt above it. `prompt` is the last prompt of the conversation, squashed, and
    `prompts` how many of them are in sight; `answered` says that the agent wrote something below that prompt. `draft` is
    what stands unsent in the composer, None where there is no composer. `popup` is the squashed text of what stands in the
    composer's place. `seconds` are those that the live row counts. `tool` says that a tool of the agent's runs; `body`
    changes whenever the conversation does.
    """

    banner: Banner | None = None
    passed: tuple[Banner, ...] = ()
    overtaken: Banner | None = None
    overtaken_prompt: str = ""
    live: Live | None = None
    live_text: str = ""
    seconds: int = 0
    draft: str | None = None
    prompt: str | None = None
    prompts: int = 0
    answered: bool = False
    tool: bool = False
    body: int = 0
    popup: str | None = None
    page: Page | None = None
    page_text: str = ""


class Turning(StrEnum):
    """What a line says of a turn, where an agent works without a screen."""

    BEGAN = "began"
    WELL = "ended well"
    RETRYING = "retrying"  # it failed, and the agent tries again by itself
    FAILED = "failed"
    COMPLAINED = "complained"  # words of an error, which are fatal only if the program ends with them


class Line(NamedTuple):
    """A line of an agent without a screen, read; `message` are the words of its error."""

    turning: Turning
    message: str = ""


class Finding(NamedTuple):
    """What a text means: a cause by name, the words that may hold the time at which it ends, the rule that knew it."""

    cause: str
    text: str
    until: str = ""
    rule: str = ""


class Report(StrEnum):
    """What an agent says of itself by OSC 7501 (`ESC ] 7501 ; state=...`)."""

    IDLE = "idle"
    WORKING = "working"
    DONE = "done"
    ERROR = "error"
    BLOCKED = "blocked"


class Running(NamedTuple):
    """A seat's program while it runs: `since` in epoch seconds, `prompt` the last one in sight, squashed."""

    home: Path
    pid: int
    arguments: Sequence[str]
    cwd: str
    since: float
    prompt: str = ""


class Agent(Protocol):
    """The rules about one agent: data and pure functions. A module is one; `codexwrap.agents` lists them all."""

    @property
    def name(self) -> str:
        """Its own, and that of its program."""

    @property
    def home_variable(self) -> str:
        """The environment variable that moves its home."""

    @property
    def default_home(self) -> str:
        """Its home where that variable is not set."""

    @property
    def credential_file(self) -> str:
        """Its name in that home."""

    @property
    def sign_in(self) -> str:
        """Where and how people sign in again, as a remedy says it behind these words."""

    @property
    def new_thread(self) -> str:
        """Its own command for a new thread."""

    def look(self, screen: "Screen") -> Look: ...

    def find(self, look: Look) -> Finding | None:
        """What the banner, the popup or the page of a frame means; None where its words are not known or mean nothing."""
        ...

    def harmless(self, banner: Banner) -> bool:
        """A cell in the shape of an error that the agent draws for something that ends no session."""
        ...

    def has_screen(self, arguments: Sequence[str]) -> bool:
        """False where it is started to work without a screen, and writes lines."""
        ...

    def read_line(self, text: str) -> Line | None:
        """What a line of stdout or stderr says of the turn; None where it says nothing of it."""
        ...

    def local(self, draft: str) -> bool:
        """A line that the agent answers by itself, without its provider (`!ls`, `/status`)."""
        ...

    def starts_session(self, arguments: Sequence[str]) -> bool:
        """False for `--help`, `login` and the like, which open no conversation."""
        ...

    def resume(self, arguments: Sequence[str], session: str) -> list[str]:
        """The arguments that bring a session back, with the options that it was started with."""
        ...

    def begin(self, arguments: Sequence[str], prompt: str) -> list[str]:
        """The arguments that start a new session with a first prompt, and the same options."""
        ...

    def has_session(self, home: Path, session: str) -> bool:
        """Whether a session is still on record in that home."""
        ...

    def account(self, home: Path) -> str:
        """Who is signed in in that home, by an id that is no secret; empty where that cannot be learnt."""
        ...

    def find_session(self, seat: Running) -> "Session | None":
        """The session that a running seat has open."""
        ...

    def explain(self, message: str) -> Finding | None:
        """What the message of a failed turn means, as the agent's files and streams have it."""
        ...

    def read_session(self, path: Path) -> "Story":
        """What a session's own file tells; what cannot be read is left out."""
        ...


_QUOTES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"'})
_SPACE = re.compile(r"\s+")


def squash(text: str) -> str:
    """Text as rules compare it: agents wrap anywhere, also inside words, and change their quotes between versions."""
    return _SPACE.sub("", text).translate(_QUOTES)


def join(rows: Sequence[str], columns: int) -> str:
    """Wrapped rows as one line. A row that fills the width may have been cut inside a word: it gets no space behind it."""
    text = ""
    for row in rows:
        text += row.strip() + ("" if len(row) >= columns and not row.endswith((",", ".", ";", ")", "!", "?")) else " ")
    return text.rstrip()


def report(osc: str) -> Report | None:
    """What an OSC payload reports, if it is a status sequence."""
    code, _, rest = osc.partition(";")
    fields = dict(part.partition("=")[::2] for part in re.split("[:;]", rest) if "=" in part)
    try:
        return Report(fields.get("state", "")) if code == "7501" else None
    except ValueError:
        return None
