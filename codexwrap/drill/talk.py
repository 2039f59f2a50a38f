"""Talk to a running Codex."""

from codexwrap.drill.driver import Terminal

_COMPOSER = "›|▌"  # the mark before what the user types; a bar up to 0.46
_QUESTION = r"[Pp]ressentertoco(nfirm|ntinue)"
_QUESTIONS = 3  # at most, before the composer can be used


def ready(terminal: Terminal, timeout: float = 60) -> None:
    """Until Codex takes prompts; what it asks at the start, such as about a newer model, is answered with Enter.

    Raises TimeoutExpiredError when it never gets there.
    """
    for _ in range(_QUESTIONS + 1):
        terminal.wait_for(f"{_COMPOSER}|{_QUESTION}", timeout)
        terminal.settle(1.0)
        if not terminal.shows(_QUESTION):
            break
        terminal.send("\r")
    terminal.wait_for(_COMPOSER, timeout)


def busy(terminal: Terminal) -> bool:
    """Whether the status row of a running turn is on the screen."""
    return terminal.shows("[Ee]sctointerrupt")


def finish(terminal: Terminal, timeout: float = 60) -> None:
    """Until no turn is running and the screen is still."""
    terminal.settle(1.0)
    terminal.wait_for(lambda: not busy(terminal), timeout)
    terminal.settle(0.7)
