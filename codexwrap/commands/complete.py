"""Complete for a shell."""

import os
import sys
from collections.abc import Iterator, Sequence

from codexwrap import paths
from codexwrap.errors import UsageError
from codexwrap.shells import bashline, completion
from codexwrap.shells.completion import Answer, Files, Program, Word


def main(arguments: Sequence[str]) -> int:
    """`codexwrap complete zsh|fish WORD...` or `complete bash LINE BREAKS WORD...`, as the files in shell/ call it.

    WORDs are the words of the line up to the cursor; for bash LINE is that text, and WORDs are bash's own. Prints one
    answer a line, in fields that a tab parts: `word VALUE [ABOUT]`; `files`; `program INDEX [NAME]`,
    INDEX from 0; or, for bash, which would else offer files, `none`.
    """
    match arguments:
        case ["bash", line, breaks, *own]:
            lines = _for_bash(line, breaks, own)
        case ["zsh" | "fish" as shell, _, *_]:
            lines = _for_words(shell, arguments[1:])
        case _:
            raise UsageError("complete is for the files in shell/")
    text = "".join("\t".join(fields) + "\n" for fields in lines)
    sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
    return 0


def _for_words(shell: str, words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    found = _answer(words)
    if isinstance(found, Program):
        yield "program", str(found.at), found.name
    elif isinstance(found, Files):
        yield ("files",)
    else:
        yield from (("word", *each) for each in found if _can_take(shell, each))


def _for_bash(text: str, breaks: str, own: Sequence[str]) -> Iterator[tuple[str, ...]]:
    line = bashline.read(text, breaks)
    found = Files() if line.redirected else _answer(line.words)
    if isinstance(found, Program):
        index = bashline.place(own, text, line.starts[found.at])
        yield "program", str(index), found.name
    elif isinstance(found, Files):
        yield ("files",)
    else:
        fitting = bashline.fitting(line, [each.value for each in found])
        yield from (("word", value) for value in fitting)
        if not fitting:
            yield ("none",)


def _answer(words: Sequence[str]) -> Answer:
    return completion.answer(words, paths.state(os.environ), os.environ)


def _can_take(shell: str, word: Word) -> bool:
    """Whether a shell puts the word onto the line as it is meant: fish would leave a tilde to mean somebody's home."""
    return not set("\t\n") & set(word.value) and not (shell == "fish" and word.value.startswith("~"))
