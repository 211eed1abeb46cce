"""From a ``corosync.conf`` to the pillar document that describes it."""

from __future__ import annotations

from typing import Any

from kvmha.documents import corosync_conf
from kvmha.documents.corosync_conf import FILE, Entry, Section
from kvmha.errors import InvalidInput, Problem
from kvmha.spec.corosync import CorosyncPart
from kvmha.spec.corosync_words import lists, said_as, words
from kvmha.spec.fields import class_of


def export(document: Section) -> dict[str, Any]:
    """Return ``{"corosync": {...}}``, which ``load_part`` reads and ``build`` turns back.

    Nothing but comments is lost: what has no word, or a value that its word cannot hold,
    stands in the section's ``more`` as it is written. Raises InvalidInput, naming the lines,
    for what cannot be said: ``totem.key``, since a secret does not belong into a pillar that
    everybody sees; two values of one key that both count.
    """
    exporter = _Exporter()
    found = exporter.scope(document, CorosyncPart)
    if exporter.problems:
        raise InvalidInput(FILE, exporter.problems)
    return {"corosync": found}


class _Exporter:
    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def scope(self, section: Section, scope: type) -> dict[str, Any]:
        """Return what ``section`` says in the words of ``scope``."""
        values = self._values(section, scope)
        found: dict[str, Any] = {}
        for word in words(scope):
            if inner := class_of(word.meta):
                sections = corosync_conf.at(section, word.path)
                items = [self.scope(each, inner) for each in sections]
                if items:
                    _say(found, word.place, items)
            elif word.path in values:
                value = said_as(word, values[word.path])
                if value is not None:
                    _say(found, word.place, value)
                    del values[word.path]
        free = sorted((w for w in words(scope) if w.free), key=lambda w: -len(w.prefix))
        for path, text in values.items():
            word = next(each for each in free if path.startswith(each.prefix))
            _say(found, (*word.place, path.removeprefix(word.prefix)), text)
        return found

    def _values(self, section: Section, scope: type) -> dict[str, str]:
        """Return the values of a scope by their paths."""
        known = {word.path for word in words(scope) if not word.free}
        last: dict[str, Entry] = {}
        for path, _, entry in corosync_conf.entries(section, lists(scope)):
            earlier = last.get(path)
            differs = earlier is not None and earlier.value != entry.value
            if path == "totem.key" and scope is CorosyncPart:
                self._secret(entry)
            elif any(f"{path}.".startswith(f"{each}.") for each in lists(scope)):
                self._fail(entry, f"{path} is the name of a section", "write it as a section")
            elif earlier and differs and (path not in known or path in ("uid", "gid")):
                message = f"{path} stands on line {earlier.line} too, with another value"
                self._fail(entry, message, "keep one; of uidgid, write a section for each")
            # Of a key that corosync knows the last one counts.
            last[path] = entry
        return {path: entry.value for path, entry in last.items()}

    def _secret(self, entry: Entry) -> None:
        hint = (
            "put it into /etc/corosync/authkey on every node and take the line out; "
            "corosync reads the key when it starts"
        )
        self._fail(entry, "totem.key is a secret and is not exported", hint)

    def _fail(self, entry: Entry, message: str, hint: str) -> None:
        self.problems.append(Problem(f"{FILE}:{entry.line}", message, hint, "NOT_EXPORTABLE"))


def _say(found: dict[str, Any], place: tuple[str, ...], value: Any) -> None:
    *way, last = place
    for name in way:
        found = found.setdefault(name, {})
    found[last] = value
