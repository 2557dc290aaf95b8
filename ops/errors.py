"""What the operator did or must mend: shown as one clear line, never as a stack trace."""


class OperatorError(Exception):
    """The text says what is wrong and what to do about it."""
