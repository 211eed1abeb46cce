"""What a node needs to be logged in to its iSCSI targets, and what is still missing of it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from kvmha.documents import iscsi_record
from kvmha.documents.secrets import fingerprint
from kvmha.errors import KvmhaError, Refused
from kvmha.plan import Action, Change, Disruption, Plan
from kvmha.spec.iscsi import IscsiTarget, portal
from kvmha.spec.model import ClusterSpec

_AUTH = "node.session.auth"
_SECRETS = (f"{_AUTH}.password", f"{_AUTH}.password_in")


@dataclass(frozen=True, order=True)
class Path:
    """One portal of one target: one session, one path to its disks."""

    iqn: str
    address: str
    port: int

    @property
    def portal(self) -> str:
        """The portal as iscsiadm takes it: an IPv6 address in brackets."""
        return f"[{self.address}]:{self.port}" if ":" in self.address else self.where

    @property
    def where(self) -> str:
        """Address and port, as a person reads them."""
        return f"{self.address}:{self.port}"

    def __str__(self) -> str:
        return f"iscsi:{self.iqn}@{self.where}"


@dataclass(frozen=True)
class Observed:
    """What there is on a node.

    ``initiator`` is None where it has no name yet. ``records`` are the texts of the files that
    open-iscsi keeps of a path, by their names; ``sessions`` the paths that are logged in.
    Neither is shown as a whole: records hold passwords.
    """

    initiator: str | None = None
    records: Mapping[Path, Mapping[str, str]] = field(default_factory=dict, repr=False)
    sessions: Collection[Path] = ()

    @property
    def digest(self) -> str:
        """What identifies all that was observed."""
        parts = [self.initiator, sorted((p, sorted(t.items())) for p, t in self.records.items())]
        said = repr([*parts, sorted(self.sessions)])
        return hashlib.sha256(said.encode()).hexdigest()[:16]


def paths_of(target: IscsiTarget) -> list[Path]:
    """Return the paths to ``target``, one for each portal."""
    return [Path(target.iqn, *portal(text)) for text in target.portals]


def initiator(spec: ClusterSpec, node: str) -> str:
    """Return the initiator name of ``node``, empty where it keeps its own."""
    prefix = spec.storage.iscsi.initiator_prefix
    return f"{prefix}:{node}".lower() if prefix else ""


def record(target: IscsiTarget, secrets: Mapping[str, str]) -> dict[str, str | None]:
    """Return the settings that a record of ``target`` must have; None: it must not be set.

    A lost path fails its requests after ``replacement_timeout``. Where multipath has another,
    that is to be soon; with a single one it is worth to wait (open-iscsi's README, 8.1 and 8.2).
    """
    replacement = target.replacement_timeout
    if replacement is None:
        replacement = 5_000 if len(target.portals) > 1 else 120_000
    return {
        "node.startup": target.startup,
        "node.conn[0].startup": target.startup,
        "node.session.timeo.replacement_timeout": str(replacement // 1000),
        "node.conn[0].timeo.noop_out_interval": str(target.noop_interval // 1000),
        "node.conn[0].timeo.noop_out_timeout": str(target.noop_timeout // 1000),
        f"{_AUTH}.authmethod": "CHAP" if target.user else "None",
        f"{_AUTH}.username": target.user or None,
        f"{_AUTH}.password": secrets[target.secret] if target.user else None,
        f"{_AUTH}.username_in": target.mutual_user or None,
        f"{_AUTH}.password_in": secrets[target.mutual_secret] if target.mutual_user else None,
    }


def refuse_missing(spec: ClusterSpec, secrets: Mapping[str, str]) -> None:
    """Raise KvmhaError that names every password the pillar does not bring."""
    missing = [
        f"storage.iscsi.targets[{index}].{name}: kvmha_secrets has no {key!r}"
        for index, target in enumerate(spec.storage.iscsi.targets)
        for name, key in (("secret", target.secret), ("mutual_secret", target.mutual_secret))
        if key and key not in secrets
    ]
    if missing:
        hint = "put the password below the pillar key kvmha_secrets, for the nodes only"
        raise KvmhaError("\n".join(missing), hint=hint)


def plan(spec: ClusterSpec, node: str, secrets: Mapping[str, str], seen: Observed) -> Plan:
    """Return what makes ``node`` logged in to every target of the pillar.

    Records and sessions of other targets are not looked at. Passwords are shown by their
    fingerprints. What changes in the record of a path that is logged in counts from its next
    login; it is not logged out for that.
    """
    refuse_missing(spec, secrets)
    changes = list(_initiator(spec, node, seen))
    notes = []
    for target in spec.storage.iscsi.targets:
        wanted = record(target, secrets)
        for path in paths_of(target):
            found = list(_record(path, wanted, seen.records.get(path, {})))
            changes += found
            if path not in seen.sessions:
                changes.append(Change(Action.RUN, f"{path}:session", None, "log in"))
            elif found:
                notes.append(f"{path} is logged in: its settings count from the next login")
    return Plan(tuple(changes), seen.digest, tuple(notes))


def edited(
    spec: ClusterSpec, secrets: Mapping[str, str], records: Mapping[Path, Mapping[str, str]]
) -> Iterator[tuple[str, str]]:
    """Yield name and new text of every record file that is not as it must be."""
    for target in spec.storage.iscsi.targets:
        wanted = record(target, secrets)
        for path in paths_of(target):
            for name, text in records.get(path, {}).items():
                if any(iscsi_record.parse(text).get(key) != value for key, value in wanted.items()):
                    yield name, iscsi_record.edit(text, wanted)


def plan_out(
    iqn: str, portals: Collection[str], seen: Observed, users: Mapping[Path, Collection[str]]
) -> Plan:
    """Return what makes a node forget target ``iqn``, or only the paths over ``portals``.

    ``users`` are those who use a disk that would vanish, by path: such a path is refused.
    """
    chosen = {portal(text) for text in portals}
    known = {*seen.records, *seen.sessions}
    ours = sorted(
        path
        for path in known
        if path.iqn == iqn and (not chosen or (path.address, path.port) in chosen)
    )
    busy = [f"{path}: {who}" for path in ours for who in users.get(path, ())]
    if busy:
        raise Refused(
            "refused, disks are in use:\n  " + "\n  ".join(busy),
            hint="stop or unmount what uses them, then run this again",
        )
    changes = []
    for path in ours:
        if path in seen.sessions:
            changes.append(Change(Action.RUN, f"{path}:session", "logged in", "log out"))
        if path in seen.records:
            changes.append(Change(Action.DELETE, str(path), "a record"))
    return Plan(tuple(changes), seen.digest)


def _initiator(spec: ClusterSpec, node: str, seen: Observed) -> Iterator[Change]:
    wanted = initiator(spec, node)
    if wanted and seen.initiator != wanted:
        action = Action.UPDATE if seen.initiator else Action.CREATE
        # Targets know their initiators by name: a session that has to log in again may be refused.
        cost = Disruption.RESOURCE_RESTART if seen.sessions else Disruption.RELOAD
        yield Change(action, "iscsi:initiator", seen.initiator, wanted, cost)


def _record(
    path: Path, wanted: Mapping[str, str | None], files: Mapping[str, str]
) -> Iterator[Change]:
    if not files:
        user = wanted[f"{_AUTH}.username"]
        chap = f"CHAP as {user}" if user else "no CHAP"
        yield Change(Action.CREATE, str(path), None, f"a record ({chap})")
        return
    settings = [iscsi_record.parse(text) for text in files.values()]
    for key, value in wanted.items():
        found = next((each.get(key) for each in settings if each.get(key) != value), value)
        if found != value:
            action = Action.CREATE if found is None else Action.UPDATE
            action = Action.DELETE if value is None else action
            yield Change(action, f"{path}:{key}", _shown(key, found), _shown(key, value))


def _shown(key: str, value: str | None) -> str | None:
    return fingerprint(value) if value is not None and key in _SECRETS else value
