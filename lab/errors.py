"""The lab's one exception: a clear line for a user, with a hint where there is one."""

from __future__ import annotations


class LabError(Exception):
    """What failed and why, in one line, and what to do next."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} (hint: {self.hint})" if self.hint else self.message


class CommandError(LabError):
    """A command that ended with a status its caller did not expect."""

    def __init__(self, message: str, returncode: int, output: str = "") -> None:
        super().__init__(message)
        self.returncode = returncode
        self.output = output
