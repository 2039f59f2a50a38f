"""Talk to a running Codex."""

import time

from codexwrap.drill.driver import Terminal

_COMPOSER = "›|▌"  # the mark before what the user types; a bar up to 0.46
_QUESTIONS = {r"[Pp]ressentertoco(nfirm|ntinue)": "\r", r"Continueanyway\?\[y/N\]": "y\r"}


def ready(terminal: Terminal, timeout: float = 60) -> None:
    """Until Codex takes prompts; what it asks before that, such as about a newer model, is answered.

    Raises TimeoutExpiredError when it never gets there.
    """
    unasked = dict(_QUESTIONS)
    while True:
        terminal.wait_for("|".join([_COMPOSER, *unasked]), timeout)
        terminal.settle(1.0)
        question = next((each for each in unasked if terminal.shows(each)), None)
        if question is None:
            break
        terminal.send(unasked.pop(question))
        time.sleep(1.0)  # until it is off the screen, or at least answered


def busy(terminal: Terminal) -> bool:
    """Whether the status row of a running turn is on the screen: unlike what is quoted, it is not indented."""
    return any("esc to interrupt" in row.lower() and not row.startswith("  ") for row in terminal.rows())


def finish(terminal: Terminal, timeout: float = 60) -> None:
    """Until no turn is running and the screen is still."""
    terminal.settle(1.0)
    terminal.wait_for(lambda: not busy(terminal), timeout)
    terminal.settle(0.7)
