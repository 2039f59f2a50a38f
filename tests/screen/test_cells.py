"""A look is worked out once, and looks are forgotten when there are too many."""

import gc

from codexwrap.screen.cells import BLANK, Cell, Style, Styles


def styles_alive() -> int:
    gc.collect()
    return sum(isinstance(each, Style) for each in gc.get_objects())


def test_a_cell_is_made_once() -> None:
    red = Styles().plain.after((31,))
    assert red["x"] == Cell("x", fg="red")
    assert red["x"] is red["x"]


def test_a_style_is_made_once_however_it_is_reached() -> None:
    plain = Styles().plain
    assert plain.after((31,)).after((1,)) is plain.after((1, 31))
    assert plain.after((31,)).after((0,)) is plain
    assert plain.after(()) is plain


def test_erasing_keeps_the_background() -> None:
    plain = Styles().plain
    assert plain.erased == BLANK
    assert plain.after((31, 44, 7)).erased == Cell(" ", bg="blue")


def test_cells_are_forgotten_when_there_are_too_many_and_made_again() -> None:
    red = Styles().plain.after((31,))
    for code in range(0x4E00, 0x4E00 + 20_000):
        assert red[chr(code)] == Cell(chr(code), fg="red")
    assert len(red) < 10_000
    assert red["x"] == Cell("x", fg="red")


def test_styles_are_forgotten_when_there_are_too_many_also_those_in_use() -> None:
    before = styles_alive()
    kept = Styles().plain.after((31,))
    for number in range(20_000):
        look = kept.after(((38, 2, number >> 16, number >> 8 & 255, number & 255),))
        assert look.after((1,)).look.fg == f"{number:06x}"
    assert styles_alive() - before < 10_000
    assert kept.after((1,)).look == Cell(" ", fg="red", bold=True)
