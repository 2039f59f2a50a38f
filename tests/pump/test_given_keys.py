import os
import sys
from pathlib import Path

from codexwrap.drill.driver import Terminal
from codexwrap.keep import nudge
from tests.support import eventually


def test_what_is_given_to_be_typed_is_typed_but_never_into_what_the_user_types(tmp_path: Path) -> None:
    fifo = tmp_path / "keys"
    os.mkfifo(fifo)
    source = (
        "import os, sys; from codexwrap.pump import pump; fd = os.open(sys.argv[1], os.O_RDWR | os.O_NONBLOCK);"
        "sys.exit(pump.run(['sh', '-c', 'while read line; do echo got:$line; done'], dict(os.environ), keys=fd))"
    )
    root = Path(__file__).parents[2]
    env = {**os.environ, "PYTHONPATH": str(root)}
    with Terminal([sys.executable, "-c", source, str(fifo)], cwd=root, env=env) as terminal:
        terminal.settle(0.5)
        send = nudge.into(fifo)
        eventually(lambda: send(b"one\n"))
        terminal.wait_for("got:one")
        terminal.send("mine")
        terminal.wait_for("mine")
        assert send(b"given\n")
        terminal.settle(0.5)
        terminal.send("\n")
        terminal.wait_for("got:mine")
        assert "given" not in terminal.squashed()
