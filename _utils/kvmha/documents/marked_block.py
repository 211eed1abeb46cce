"""A block of our own, between two marks, in a text that belongs to others."""

from __future__ import annotations

BEGIN = "# begin kvmha: this block is rewritten"
END = "# end kvmha"


def lines_of(text: str) -> list[str] | None:
    """Return the lines of the block in ``text``, or None when it has none.

    A block whose end mark was lost reaches to its last line that is not blank.
    """
    lines = text.splitlines()
    if BEGIN not in lines:
        return None
    start = lines.index(BEGIN) + 1
    return lines[start : _end(lines, start)]


def replace(text: str, block: list[str]) -> str:
    """Return ``text`` with ``block`` as our block, in its old place or at the end.

    An empty ``block`` takes ours away. All else is kept as it stands.
    """
    lines = text.splitlines()
    before, after = lines, []
    if BEGIN in lines:
        start = lines.index(BEGIN)
        stop = _end(lines, start + 1)
        before, after = lines[:start], lines[stop + (lines[stop : stop + 1] == [END]) :]
    ours = [BEGIN, *block, END] if block else []
    whole = [*before, *ours, *after]
    return "".join(f"{line}\n" for line in whole)


def _end(lines: list[str], start: int) -> int:
    if END in lines[start:]:
        return lines.index(END, start)
    blank = (place for place in range(start, len(lines)) if not lines[place].strip())
    return next(blank, len(lines))
