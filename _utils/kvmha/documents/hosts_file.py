"""``/etc/hosts``: the addresses of the cluster's nodes, in a block of our own (hosts(5))."""

from __future__ import annotations

from collections.abc import Mapping

from kvmha.documents import marked_block


def addresses(text: str) -> dict[str, str]:
    """Return name -> address as our block of ``text`` says it."""
    found: dict[str, str] = {}
    for line in marked_block.lines_of(text) or []:
        words = line.partition("#")[0].split()
        found.update((name, words[0]) for name in words[1:])
    return found


def block(wanted: Mapping[str, str]) -> list[str]:
    """Return the lines of a block that says name -> address of ``wanted``."""
    return [f"{address} {name}" for name, address in wanted.items()]


def render(text: str, wanted: Mapping[str, str]) -> str:
    """Return ``text`` with name -> address of ``wanted`` as our block; the rest is kept."""
    return marked_block.replace(text, block(wanted))


def contradictions(text: str, wanted: Mapping[str, str]) -> list[str]:
    """Return lines outside our block that give a name of ``wanted`` another address.

    Debian's installer writes ``127.0.1.1 <own name>``, which precedes our block and makes a
    node tell others its loopback address.
    """
    theirs = marked_block.replace(text, [])
    return [line for line in theirs.splitlines() if _contradicts(line, wanted)]


def _contradicts(line: str, wanted: Mapping[str, str]) -> bool:
    address, *names = line.partition("#")[0].split() or [""]
    return any(wanted.get(name, address) != address for name in names)
