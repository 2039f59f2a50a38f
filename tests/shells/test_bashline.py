"""Half-typed bash lines, read and completed as bash itself would take them."""

import re
import shlex
import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from codexwrap.shells import bashline
from tests.support import need

BREAKS = " \t\n\"'><=;|&(:"  # bash's own default, without @
character = st.sampled_from("$`\"'\\ !~#*?[]{}()<>|&;^=:%-ab") | st.characters(blacklist_categories=("Cc", "Cs"))
printable = st.text(character, min_size=1, max_size=12)


def read(text: str) -> bashline.Line:
    return bashline.read(text, BREAKS)


@given(st.lists(printable, min_size=1, max_size=5))
def test_quoted_words_are_read_as_a_shell_reads_them(words: list[str]) -> None:
    assert read(shlex.join(words)).words == words
    escaped = [re.sub(r'([$`\\"])', r"\\\1", word) for word in words]
    assert read(" ".join(f'"{word}"' for word in escaped)).words == words
    assert read(" ".join(bashline.fitting(read(""), words))).words == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", [""]),
        ("codexwrap", ["codexwrap"]),
        ("codexwrap ", ["codexwrap", ""]),
        ("  codexwrap  re", ["codexwrap", "re"]),
        ("a b\\ c", ["a", "b c"]),
        ("a b\\", ["a", "b"]),
        ("a 'b c", ["a", "b c"]),
        ('a "b c', ["a", "b c"]),
        ('a "b\\', ["a", "b\\"]),
        ("a b'c d'\"e f\"g", ["a", "bc de fg"]),
        ("a $'b c' $(touch x)", ["a", "b c", "$", "touch", "x", ""]),
        ("a --seat=b", ["a", "--seat=b"]),
        ("a ''", ["a", ""]),
    ],
)
def test_a_line_is_read_up_to_the_cursor(text: str, words: list[str]) -> None:
    assert read(text).words == words


@pytest.mark.parametrize(
    ("text", "quote", "kept"),
    [
        ("a al", "", 0),
        ("a 'al", "'", 0),
        ('a "al', '"', 0),
        ('a x"al', '"', 1),
        ("a --seat=al", "", 7),
        ("a --seat='al", "'", 7),
        ("a team:al", "", 5),
        ("a team\\:al", "", 0),
        ("a 'team:al", "'", 0),
        ("a 'x' ", "", 0),
    ],
)
def test_what_readline_keeps_of_the_last_word_is_known(text: str, quote: str, kept: int) -> None:
    line = read(text)
    assert (line.quote, line.kept) == (quote, kept)


@pytest.mark.parametrize(("text", "redirected"), [("a > ", True), ("a >b", True), ("a 2>b ", False), ("a b", False)])
def test_the_file_of_a_redirection_is_no_word_of_the_command(text: str, redirected: bool) -> None:
    assert read(text).redirected is redirected


def test_only_values_that_begin_like_the_last_word_fit() -> None:
    assert bashline.fitting(read("a al"), ["alpha", "beta", "al"]) == ["alpha", "al"]
    assert bashline.fitting(read("a --seat=al"), ["--seat=alpha", "--seat=beta"]) == ["alpha"]
    assert bashline.fitting(read("a 'it"), ["it's", "it is"]) == ["it is"]
    assert bashline.fitting(read('a "b'), ["b!", 'b"c$d']) == ['b\\"c\\$d']


@settings(max_examples=25, deadline=None)
@example(["$HOME", "$(ls)", "`ls`", "a b", "*", "~", "a'b", 'a"b', "a\\b", "!x", "{a,b}", "#x", "a;b", "<a", "[a]"], "")
@given(st.lists(printable, min_size=1, max_size=20), st.sampled_from(["", "'", '"']))
def test_bash_reads_what_is_completed_as_the_value_itself(values: list[str], quote: str) -> None:
    line = read(f"a {quote}")
    kept = [value for value in values if bashline.fitting(line, [value])]
    completed = [f"{quote}{bashline.fitting(line, [value])[0]}{quote}" for value in kept]
    script = f"printf '%s\\0' x {' '.join(completed)}"
    done = subprocess.run([need("bash"), "-c", script], capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[1:-1] == kept
    assert done.stderr == b""


@pytest.mark.parametrize(
    ("own", "text", "word", "index"),
    [
        (["codexwrap", "codex", "--x"], "codexwrap codex --x", 1, 1),
        (["codexwrap", "--seat", "=", "a", "codex", ""], "codexwrap --seat=a codex ", 2, 4),
        (["codexwrap", "--seat", "'a b'", "codex"], "codexwrap --seat 'a b' codex", 3, 3),
        (["codexwrap", "--seat", "a", ":", "b", "codex", "e"], "codexwrap  --seat a:b  codex e", 3, 5),
    ],
)
def test_a_word_is_found_among_those_that_bash_cut_up(own: list[str], text: str, word: int, index: int) -> None:
    assert bashline.place(own, text, read(text).starts[word]) == index
