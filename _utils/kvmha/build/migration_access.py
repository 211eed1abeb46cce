"""Which ssh keys each node has to trust so that VMs can move live, and what is still missing.

Why the keys travel as they do: docs/adr/0013-public-keys-travel-as-pillar.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kvmha.documents import marked_block, openssh
from kvmha.errors import KvmhaError
from kvmha.plan import Action, Change, Plan
from kvmha.spec.model import ClusterSpec

KEY = "kvmha_migration"  # below ~/.ssh of root
KNOWN_HOSTS = "/etc/ssh/ssh_known_hosts"


@dataclass(frozen=True)
class Identity:
    """What one node shows of itself: the public key that root there migrates with, host keys."""

    key: str
    host_keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Observed:
    """What there is on this node: texts of files (None: no file), and whether it has its key."""

    has_key: bool = False
    config: str | None = None
    authorized: str | None = None
    known: str | None = None


@dataclass(frozen=True)
class Wanted:
    """The lines of our block in each file; none of them where nothing moves by ssh."""

    key: bool = False
    config: tuple[str, ...] = ()
    authorized: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def is_needed(spec: ClusterSpec) -> bool:
    """Tell whether VMs move by ssh."""
    return spec.moves and spec.libvirt.migration.transport == "ssh"


def identities(said: Mapping[str, Any]) -> dict[str, Identity]:
    """Return node -> Identity of what the pillar brings as ``kvmha_ssh``.

    Raises KvmhaError, naming the node, where something is no public key: it would be written
    into files that let root in.
    """
    found = {}
    for node, shown in said.items():
        try:
            keys = tuple(openssh.public_key(str(key)) for key in shown.get("host_keys", ()))
            found[node] = Identity(openssh.public_key(str(shown.get("key", ""))), keys)
        except (KvmhaError, AttributeError) as error:
            raise KvmhaError(
                f"kvmha_ssh of {node}: {getattr(error, 'message', 'this is no mapping')}",
                hint="salt-run kvmha.deploy collects the keys again",
            ) from None
    return found


def wanted(spec: ClusterSpec, node: str, known: Mapping[str, Identity]) -> Wanted:
    """Return what ``node`` has to trust; nodes whose keys are not known yet are noted."""
    if not is_needed(spec):
        return Wanted()
    others = [each for each in spec.nodes if each.name != node]
    missing = [each.name for each in others if each.name not in known]
    notes = [
        f"{name}: its public key is not known yet (hint: salt-run kvmha.deploy collects them)"
        for name in missing
    ]
    there = [each for each in others if each.name in known]
    return Wanted(
        key=True,
        config=tuple(openssh.identity([each.name for each in others], f"~/.ssh/{KEY}")),
        authorized={
            each.name: openssh.authorized(known[each.name].key, each.links, f"kvmha-{each.name}")
            for each in there
        },
        known={
            each.name: tuple(
                openssh.known_host([each.name, *each.links], key)
                for key in known[each.name].host_keys
            )
            for each in there
        },
        notes=tuple(notes),
    )


def plan(want: Wanted, seen: Observed) -> Plan:
    """Return what has to change. Safe at any time: nothing that is not ours is touched."""
    changes = []
    if want.key and not seen.has_key:
        changes.append(Change(Action.CREATE, f"ssh:{KEY}", None, "a new key pair"))
    if not want.key and seen.has_key:
        changes.append(Change(Action.DELETE, f"ssh:{KEY}", "a key pair", None))
    for name, text, lines in files(want, seen):
        old = marked_block.lines_of(text or "")
        if (old or []) != lines:
            action = Action.CREATE if old is None else Action.UPDATE if lines else Action.DELETE
            changes.append(Change(action, f"ssh:{name}", _told(old), _told(lines)))
    base = hashlib.sha256(repr(seen).encode()).hexdigest()[:16]
    return Plan(tuple(changes), base, want.notes)


def files(want: Wanted, seen: Observed) -> list[tuple[str, str | None, list[str]]]:
    """Return each file's name, its text, and the lines that our block in it has to hold."""
    return [
        ("config", seen.config, list(want.config)),
        ("authorized_keys", seen.authorized, list(want.authorized.values())),
        ("known_hosts", seen.known, [line for lines in want.known.values() for line in lines]),
    ]


def _told(lines: Sequence[str] | None) -> str | None:
    """Return lines for a person: keys by their fingerprints."""
    return "; ".join(map(_line, lines)) if lines else None


def _line(line: str) -> str:
    words = line.split(" ")
    for at, word in enumerate(words[:-1]):
        if word.startswith(("ssh-", "ecdsa-")):
            try:
                shown = openssh.fingerprint(" ".join(words[at : at + 2]))
            except ValueError:
                break
            return " ".join([*words[:at], shown, *words[at + 2 :]])
    return line.strip()
