"""The one exception that means: the user can mend this."""


class InputError(ValueError):
    """Bad input; the message is one line that names what is wrong, where, and the remedy.

    The command line prints it and exits with code 2.
    """
