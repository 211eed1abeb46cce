"""/etc/fstab: one line for a mount point, all else kept byte for byte (fstab(5))."""

from __future__ import annotations

from kvmha.plan import Action, Change


def entry(text: str, mount: str) -> str | None:
    """Return the line that mounts something at ``mount``, None when there is none."""
    return next((line for line in text.splitlines() if _mount(line) == mount), None)


def diff(text: str, mount: str, wanted: str | None) -> tuple[Change, ...]:
    """Return what makes ``wanted`` the line for ``mount``; None wants no such line."""
    old = entry(text, mount)
    if (old.split() if old else None) == (wanted.split() if wanted else None):
        return ()
    action = Action.CREATE if old is None else Action.UPDATE if wanted else Action.DELETE
    return (Change(action, f"fstab:{mount}", old, wanted),)


def changed(text: str, mount: str, wanted: str | None) -> str:
    """Return the text with ``wanted`` as the line for ``mount``, in its place or at the end."""
    lines, done = [], wanted is None
    for line in text.splitlines():
        if _mount(line) != mount:
            lines.append(line)
        elif not done and wanted is not None:
            lines.append(wanted)
            done = True
    if not done and wanted is not None:
        lines.append(wanted)
    return "".join(f"{line}\n" for line in lines)


def _mount(line: str) -> str:
    words = line.split()
    return words[1] if len(words) > 1 and not words[0].startswith("#") else ""
