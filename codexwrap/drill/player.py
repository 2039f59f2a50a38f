"""Play a recording like a program."""

import sys
import time
from pathlib import Path

from codexwrap import cast
from codexwrap.verdict import replay

_LONGEST_PAUSE = 0.3  # seconds; a recording's longer ones are cut to this


def main() -> None:
    """`python -m codexwrap.drill.player FILE`: writes what the recorded program wrote, then lives on and does nothing."""
    with replay.opened(Path(sys.argv[1])) as (_header, records):
        last = 0.0
        for record in records:
            time.sleep(min(_LONGEST_PAUSE, max(0.0, record.time - last)))
            last = record.time
            if record.code == cast.OUTPUT:
                sys.stdout.write(record.data)
                sys.stdout.flush()
    while sys.stdin.read(1):
        pass


if __name__ == "__main__":
    main()
