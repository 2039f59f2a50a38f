"""Name a sign-in without telling whose."""

import os
from pathlib import Path


def of(home: Path | str, account: str) -> str:
    """The same for all seats that one sign-in serves, and for no others; not to be turned back into who that is.

    `home` is the agent's, `account` what its `account()` says.
    """
    import hashlib  # not before a program is started: that counts its milliseconds

    text = f"{os.path.realpath(home)}\0{account}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
