"""Entry of `python -m codexwrap`."""

from codexwrap.cli import run

if __name__ == "__main__":
    run()
