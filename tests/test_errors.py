import pytest

from codexwrap.errors import UsageError, UserError


def test_what_the_user_can_mend_has_an_exit_code_of_its_own() -> None:
    assert UserError("x").code == 1
    assert UsageError("x").code == 2
    with pytest.raises(UserError):  # whoever handles the one handles the other
        raise UsageError("x")
