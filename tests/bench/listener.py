"""Reads a recording on stdin: `render` draws it on a pyte screen, which is slow, `never` does not even read it."""

import os
import signal
import sys

if sys.argv[1] == "never":
    signal.pause()

import pyte

from codexwrap import cast

os.nice(10)
header, records = cast.read(sys.stdin.buffer)
stream = pyte.Stream(pyte.Screen(header.columns, header.lines))
for record in records:
    if record.code == cast.OUTPUT:
        stream.feed(record.data)
