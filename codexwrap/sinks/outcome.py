"""Say why an event was not taken."""


class NotTakenError(Exception):
    """The events stay owed; the text says why, in one line and without secrets."""


class LaterError(NotTakenError):
    """Try again: in `wait` seconds where the other side said so. `answered` when it was reached at all."""

    def __init__(self, why: str, *, wait: float | None = None, answered: bool = False) -> None:
        super().__init__(why)
        self.wait = wait
        self.answered = answered


class RefusedError(NotTakenError):
    """These events will never be taken; others may be."""


class StuckError(NotTakenError):
    """Nothing will be taken until somebody mends something."""


class NoSecretError(StuckError):
    """This process has not what it needs to send; another one may."""
