"""corosync on this node: its configuration, its key, and what it says of the cluster."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import stat
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kvmha.build import corosync_conf as build
from kvmha.build import corosync_export as export
from kvmha.documents import corosync_conf, corosync_diff
from kvmha.errors import CommandFailed, KvmhaError
from kvmha.plan import Action, Change, Disruption, Plan
from kvmha.spec.model import ClusterSpec
from kvmha.spec.part import ClusterPart
from kvmha.tools import files
from kvmha.tools.runner import Result, Runner

CONF = Path("/etc/corosync/corosync.conf")
AUTHKEY = Path("/etc/corosync/authkey")
RELOAD = ("corosync-cfgtool", "-R")
MADE_ON_MASTER = "made on the master at the first run"


def export_conf(path: Path = CONF) -> dict[str, Any]:
    """Return the pillar document that describes the ``corosync.conf`` at ``path``.

    Raises KvmhaError when there is none, InvalidInput for what cannot be read or said.
    """
    text = _conf(path)
    if text is None:
        raise KvmhaError(f"there is no {path}", hint="say which file with path=")
    return export.export(corosync_conf.parse(text))


def plan_conf(
    runner: Runner, spec: ClusterSpec | ClusterPart, path: Path = CONF, *, live: bool = True
) -> Plan:
    """Return what would change in ``corosync.conf``; starts a program only if something does.

    A file that is not ``live`` is not the one that corosync runs with: nothing is disturbed.
    """
    return _observe_conf(runner, spec, path, live=live)[0]


def apply_conf(
    runner: Runner,
    spec: ClusterSpec | ClusterPart,
    expect: str | None = None,
    path: Path = CONF,
    *,
    live: bool = True,
) -> Plan:
    """Write ``corosync.conf`` and, if corosync runs and can take it over, reload it.

    A change that needs the cluster stopped is written only: corosync goes on with what it
    has read. Raises CommandFailed when corosync refuses the new file or the reload, with the
    old file in place, and StalePlan when the plan is not the one that was expected.
    A file that is not ``live`` is written, and no program is asked.
    """
    plan, text, before = _observe_conf(runner, spec, path, live=live)
    plan.refuse_stale(expect)
    if not plan:
        return plan
    if live:
        accepts(runner, text)
    files.write(path, text)
    if plan.disruption is Disruption.RELOAD:
        try:
            runner.run(RELOAD, hint="the file was put back; see the log of corosync")
        except CommandFailed:
            if before is not None:
                files.write(path, before)
            raise
    return plan


def _observe_conf(
    runner: Runner, spec: ClusterSpec | ClusterPart, path: Path, *, live: bool
) -> tuple[Plan, str, str | None]:
    text = _conf(path)
    old = corosync_conf.parse(text) if text is not None else None
    new = build.build(spec, old)
    changes = corosync_diff.diff(old, new, running=False)
    notes: list[str] = []
    if changes and old is not None and live and is_running(runner):
        changes = corosync_diff.diff(old, new, running=True)
        worst = max(change.disruption for change in changes)
        if worst is Disruption.NONE:
            notes.append("corosync runs with its package's placeholder: restart it afterwards")
        elif worst is Disruption.CLUSTER_STOP:
            notes.append("takes effect when corosync starts again, on all nodes together")
        if any(f"{corosync_conf.FILE}:quorum.device." in change.address for change in changes):
            notes.append("corosync-qdevice reads its part when it is restarted")
    if old is not None and spec.unmanaged == "report" and (left := build.unmanaged(spec, old)):
        notes.append(f"in the file, not in the pillar, kept: {', '.join(left)}")
    plan = Plan(changes, sha256(text)[:16] if text is not None else "no file", tuple(notes))
    return plan, corosync_conf.render(new), text


def _conf(path: Path) -> str | None:
    """Return the text of a corosync.conf that somebody named, or None when there is none."""
    try:
        return files.read(path)
    except OSError as error:
        raise KvmhaError(f"{path} cannot be read: {error.strerror}", hint="name a file") from None


def accepts(runner: Runner, text: str) -> None:
    """Raise CommandFailed, with corosync's words, when it would not start with ``text``.

    The key is checked apart, since it may come later: a made-up one stands in for it.
    """
    document = corosync_conf.parse(text)
    with tempfile.TemporaryDirectory(prefix="kvmha-") as folder:
        key = Path(folder, "authkey")
        key.write_bytes(bytes(128))
        document.section("totem").set("keyfile", str(key))
        candidate = Path(folder, "corosync.conf")
        files.write(candidate, corosync_conf.render(document))
        hint = "corosync would not start with it; nothing was written"
        runner.run(["corosync", "-t", "-c", str(candidate)], hint=hint)


def sha256(data: str | bytes) -> str:
    """Return the SHA-256 of ``data`` in hexadecimal digits."""
    raw = data.encode(errors="surrogateescape") if isinstance(data, str) else data
    return hashlib.sha256(raw).hexdigest()


# --- authkey -----------------------------------------------------------------------------------


def plan_authkey(
    runner: Runner, spec: ClusterSpec, encoded: str | None, path: Path = AUTHKEY
) -> Plan:
    """Return what would change in ``authkey``; only fingerprints of keys are shown."""
    have = path.read_bytes() if path.exists() else None
    base = fingerprint(have) if have else "no key"
    if not needs_key(spec):
        return Plan((), base, ("the transport is not encrypted: no key is needed",))
    if not encoded:
        if have:
            return Plan((), base, (f"pillar has no kvmha_authkey: the key here stays ({base})",))
        return Plan((Change(Action.CREATE, "corosync:authkey", None, MADE_ON_MASTER),), base)
    want = decoded(encoded)
    changes = []
    if have != want:
        live = have is not None and is_running(runner) and not _is_placeholder(path)
        cost = Disruption.CLUSTER_STOP if live else Disruption.NONE
        action = Action.UPDATE if have else Action.CREATE
        old = base if have else None
        changes.append(Change(action, "corosync:authkey", old, fingerprint(want), cost))
    elif (mode := stat.S_IMODE(path.stat().st_mode)) != 0o400:
        changes.append(Change(Action.UPDATE, "corosync:authkey@mode", f"{mode:04o}", "0400"))
    return Plan(tuple(changes), base)


def apply_authkey(
    runner: Runner,
    spec: ClusterSpec,
    encoded: str | None,
    expect: str | None = None,
    path: Path = AUTHKEY,
) -> Plan:
    """Write ``authkey``, readable by root alone; a running corosync keeps the one it has read."""
    plan = plan_authkey(runner, spec, encoded, path)
    plan.refuse_stale(expect)
    if not plan:
        return plan
    if not encoded:
        raise KvmhaError(
            "pillar has no kvmha_authkey: there is no key to write",
            hint="salt-run state.orchestrate kvmha makes one; or put 128 random bytes as base64",
        )
    files.write(path, decoded(encoded), mode=0o400)
    return plan


def needs_key(spec: ClusterSpec) -> bool:
    """Tell whether the transport that ``spec`` describes uses a key."""
    corosync = spec.corosync
    used = {corosync.crypto_cipher, corosync.crypto_hash} != {"none"}
    return corosync.transport == "knet" and used


def decoded(encoded: str) -> bytes:
    """Return the key in base64 text; raise KvmhaError when it is none that corosync takes."""
    try:
        key = base64.b64decode("".join(encoded.split()), validate=True)
    except binascii.Error:
        raise KvmhaError("kvmha_authkey is no base64 text", hint="base64 -w0 authkey") from None
    if not 128 <= len(key) <= 4096:  # TOTEM_PRIVATE_KEY_LEN_MIN and _MAX of corosync 3
        raise KvmhaError(
            f"kvmha_authkey holds {len(key)} bytes, corosync takes 128 to 4096",
            hint="make one with corosync-keygen",
        )
    return key


def fingerprint(key: bytes) -> str:
    """Return what may be shown of a key: 8 hexadecimal digits of its SHA-256."""
    return sha256(key)[:8]


def _is_placeholder(authkey: Path) -> bool:
    text = files.read(authkey.with_name("corosync.conf"))
    return text is not None and corosync_conf.is_placeholder(corosync_conf.parse(text))


# --- status ------------------------------------------------------------------------------------


def is_running(runner: Runner) -> bool:
    """Tell whether corosync runs here; a missing program means that it does not."""
    done = attempt(runner, ["corosync-cmapctl", "-g", "totem.version"])
    return done is not None and done.returncode == 0


def attempt(
    runner: Runner, argv: Sequence[str], env: Mapping[str, str] | None = None
) -> Result | None:
    """Run ``argv`` with any exit code accepted; None when there is no such program."""
    try:
        return runner.run(argv, ok=None, env=env)
    except CommandFailed as error:
        if error.returncode == 127:
            return None
        raise


def status(runner: Runner, path: Path = CONF) -> dict[str, Any]:
    """Return what corosync here says of quorum, members and links; two programs at most.

    Keys: running, quorate, votes, expected_votes, members (names, ids where there are none),
    links ({number: {node id: state}}) and conf_sha256 (equal on all nodes of a cluster).
    """
    text = files.read(path)
    found: dict[str, Any] = {
        "running": False,
        "quorate": False,
        "votes": 0,
        "expected_votes": 0,
        "members": [],
        "links": {},
        "conf_sha256": sha256(text) if text is not None else None,
    }
    quorum = attempt(runner, ["corosync-quorumtool", "-s"])
    if quorum is None or "Quorate:" not in quorum.stdout:
        return found
    links = attempt(runner, ["corosync-cfgtool", "-s"])
    seen = parse_quorum(quorum.stdout, node_names(text))
    return found | {"running": True, **seen, "links": _links(links)}


def node_names(conf: str | None) -> dict[str, str]:
    """Return the nodes' names by their ids, from the text of a ``corosync.conf``."""
    nodes = corosync_conf.nodes(corosync_conf.parse(conf)) if conf is not None else []
    return {node.get("nodeid") or "": name for node in nodes if (name := node.get("name"))}


def parse_quorum(text: str, names: Mapping[str, str]) -> dict[str, Any]:
    """Read what ``corosync-quorumtool -s`` prints; ``names`` are the nodes' by their ids."""
    said = dict(re.findall(r"^([\w ]+?):\s+(.*)$", text, re.MULTILINE))
    # With a qdevice there is a column more, and a row with the id 0.
    rows = re.findall(r"^ *(\d+) +\d+ +(?:.* )?(\S+)$", text.replace(" (local)", ""), re.MULTILINE)
    return {
        "quorate": said.get("Quorate", "").strip() == "Yes",
        "votes": _number(said.get("Total votes", "")),
        "expected_votes": _number(said.get("Expected votes", "")),
        "members": [names.get(node, name) for node, name in rows if node != "0"],
    }


def _links(done: Result | None) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    for line in done.stdout.splitlines() if done else ():
        if link := re.match(r"LINK ID (\d+)", line):
            current = found.setdefault(link[1], {})
        elif node := re.match(r"\s*nodeid:?\s*(\d+):\s*(\S+)", line):
            current[node[1]] = node[2]
    return found


def _number(text: str) -> int:
    match = re.match(r"\d+", text.strip())
    return int(match[0]) if match else 0
