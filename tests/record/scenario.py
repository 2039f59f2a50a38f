"""The form of a scenario."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from codexwrap.drill.codexhome import Auth, Retries
from tests.record.steps import Step


@dataclass(frozen=True)
class Scenario:
    """Steps on a stage, and how the stage is set.

    `directory` is the name of the project's directory; `config` is appended to config.toml, and the lines of `without`
    are left out of it; `since` and `before` bound the versions in which it can happen; `daemon` leaves the shared
    background server on; `answers` says whether the terminal answers queries; `reached` is the limit that the usage page
    names from the start. `{provider}` in config and arguments stands for the provider's URL.
    """

    name: str
    steps: tuple[Step, ...]
    plan: str = "plus"
    auth: Auth = "chatgpt"
    retries: Retries = field(default_factory=Retries)
    model: str | None = None
    features: Mapping[str, bool] = field(default_factory=dict)
    config: str = ""
    without: str = ""
    directory: str = "project"
    arguments: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    since: tuple[int, ...] = ()
    before: tuple[int, ...] = (9999,)
    daemon: bool = False
    answers: bool = True
    reached: str | None = None

    def fits(self, version: tuple[int, ...]) -> bool:
        return self.since <= version < self.before
