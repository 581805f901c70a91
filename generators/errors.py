"""The one exception that means: the user can mend this."""


class InputError(ValueError):
    """Bad input; the message is one line that names what is wrong, where, and the remedy.

    The command line prints it and exits with code 2.
    """


def first_line(error: BaseException) -> str:
    """What a library says went wrong, for a message of one line."""
    return (str(error).strip().partition("\n")[0] or type(error).__name__)[:200]
