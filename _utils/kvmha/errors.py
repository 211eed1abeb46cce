"""What can go wrong, said so that a person knows the place, the reason and the next step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One mistake in an input.

    ``place`` is where it stands (``nodes[2].id``), ``message`` what was wanted and found,
    ``hint`` the next step, ``code`` a stable name (``NODE_ID_DUPLICATE``).
    """

    place: str
    message: str
    hint: str = ""
    code: str = ""

    def __str__(self) -> str:
        hint = f" (hint: {self.hint})" if self.hint else ""
        code = f" [{self.code}]" if self.code else ""
        return f"{self.place}: {self.message}{hint}{code}"


class KvmhaError(Exception):
    """Base of every error a user can cause or meet; its text is meant for that user."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} (hint: {self.hint})" if self.hint else self.message


class InvalidInput(KvmhaError):
    """An input with mistakes: all of them at once, in ``problems``."""

    def __init__(self, what: str, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        count = len(self.problems)
        super().__init__(f"{what} has {count} mistake{'s' if count != 1 else ''}:\n{lines}")


class CommandFailed(KvmhaError):
    """A program ended with an exit code that was not expected."""

    def __init__(
        self, argv: Sequence[str], returncode: int | None, output: str, *, hint: str = ""
    ) -> None:
        self.argv = tuple(argv)
        self.returncode = returncode
        self.output = output.strip()
        ended = "did not end in time" if returncode is None else f"exited with {returncode}"
        said = f": {self.output}" if self.output else ""
        super().__init__(f"{' '.join(self.argv)!r} {ended}{said}", hint=hint)


class Refused(KvmhaError):
    """A change that is not done without consent."""


class StalePlan(KvmhaError):
    """The system changed between plan and apply."""


class TimedOut(KvmhaError):
    """A wait reached its deadline; the message says what was still missing."""
