"""Errors that the user can mend."""


class UserError(Exception):
    """One line that says what is wrong and how to mend it; ends the program with `code`, never with a traceback."""

    code = 1


class UsageError(UserError):
    """The command line, the environment or the config asks for something that does not exist."""

    code = 2
