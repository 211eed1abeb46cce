"""open-iscsi on this node: its records, its sessions, logging in and out.

Records are read and written as files, sessions read from sysfs: looking starts no program.

A password never goes through ``iscsiadm``: it takes one as an argument (``-o update -v``), where
every user of the host can read it (/proc/PID/cmdline). iscsid.conf, the other way in, would give
it to every target that is added later. So iscsiadm makes the record, with the defaults of the
host, and the settings are written into its file, which is root's alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path as File

from kvmha.build import iscsi
from kvmha.build.iscsi import Observed, Path
from kvmha.errors import CommandFailed, KvmhaError
from kvmha.plan import Action, Plan
from kvmha.spec.iscsi import portal
from kvmha.spec.model import ClusterSpec
from kvmha.tools import blockdev, files, openers
from kvmha.tools.runner import Runner

INITIATOR = "etc/iscsi/initiatorname.iscsi"
# Where distributions have open-iscsi keep its records: dbroot of its build.
NODES = ("etc/iscsi/nodes", "var/lib/iscsi/nodes")
SESSIONS = "sys/class/iscsi_session"
CONNECTIONS = "sys/class/iscsi_connection"

# Exit codes of iscsiadm(8), and what a person does about them.
_HINTS = {
    4: "is the portal's address right, and does a target listen there?",
    5: "see the target's log, and: journalctl -b -u iscsid",
    8: "is the portal's address reachable from this node? see: ping",
    19: "the target offers no such name at this portal: see targets[].iqn",
    24: "the target refuses the CHAP name or password, or this node's initiator name: compare "
    "targets[].user, its secret in kvmha_secrets, and the target's access list",
}
_SESSION_EXISTS = 15


def observe(root: File = File("/")) -> Observed:
    """Return what this node has of initiator name, records and sessions."""
    return Observed(initiator_name(root), _records(root), frozenset(sessions(root)))


def initiator_name(root: File = File("/")) -> str | None:
    """Return this node's initiator name, None where it has none yet."""
    for line in (files.read(root / INITIATOR) or "").splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "InitiatorName":
            return value.strip() or None
    return None


def sessions(root: File = File("/")) -> dict[Path, list[str]]:
    """Return path -> names of its disks (``sda``), of every session that is logged in."""
    found: dict[Path, list[str]] = {}
    folder = root / SESSIONS
    for session in sorted(folder.iterdir()) if folder.is_dir() else ():
        if (files.read(session / "state") or "").strip() != "LOGGED_IN":
            continue
        number = session.name.removeprefix("session")
        connection = root / CONNECTIONS / f"connection{number}:0"
        address = (files.read(connection / "persistent_address") or "").strip()
        port = (files.read(connection / "persistent_port") or "0").strip()
        iqn = (files.read(session / "targetname") or "").strip()
        disks = (session / "device").glob("target*/*/block/*")
        found[Path(iqn, address, int(port))] = sorted(disk.name for disk in disks)
    return found


def pending(spec: ClusterSpec, root: File = File("/")) -> list[str]:
    """Return the paths of the pillar that this node is not logged in to."""
    there = sessions(root) if spec.storage.iscsi.targets else {}
    wanted = (path for target in spec.storage.iscsi.targets for path in iscsi.paths_of(target))
    return [str(path) for path in wanted if path not in there]


def plan(spec: ClusterSpec, node: str, secrets: Mapping[str, str]) -> Plan:
    """Return what makes this node, called ``node``, logged in to the pillar's targets."""
    return iscsi.plan(spec, node, secrets, observe())


def apply(
    runner: Runner, spec: ClusterSpec, node: str, secrets: Mapping[str, str], todo: Plan
) -> None:
    """Do what ``build.iscsi.plan`` said: name, records, logins; wait for udev.

    Every login is tried. Raises KvmhaError with all that failed, each with iscsiadm's words.
    """
    addresses = {change.address for change in todo.changes}
    if "iscsi:initiator" in addresses:
        text = f"InitiatorName={iscsi.initiator(spec, node)}\n"
        files.write(f"/{INITIATOR}", text, mode=0o600)
        runner.run(["systemctl", "try-restart", "iscsid.service"], timeout=120)
    paths = [path for target in spec.storage.iscsi.targets for path in iscsi.paths_of(target)]
    for path in paths:
        if str(path) in addresses:
            _iscsiadm(runner, path, "--op", "new")
    for name, text in iscsi.edited(spec, secrets, _records(File("/"))):
        files.write(name, text, mode=0o600)
    logins = [path for path in paths if f"{path}:session" in addresses]
    _each(logins, lambda path: _iscsiadm(runner, path, "--login"))
    if logins:
        runner.run(["udevadm", "settle", "--timeout=30"], ok=None)


def plan_out(iqn: str, portals: Sequence[str]) -> Plan:
    """Return what makes this node forget ``iqn``; raise Refused where its disks are in use."""
    seen, there = observe(), sessions()
    leaving = [path for path in there if path.iqn == iqn]
    if portals:
        chosen = {portal(text) for text in portals}
        leaving = [path for path in leaving if (path.address, path.port) in chosen]
    names = [disk for path in leaving for disk in there[path]]
    users = {path: [u for disk in there[path] for u in _users(disk, names)] for path in leaving}
    return iscsi.plan_out(iqn, portals, seen, users)


def apply_out(runner: Runner, todo: Plan) -> None:
    """Do what ``plan_out`` said: take idle multipath maps apart, log out, forget the records."""
    there = sessions()
    leaving = [path for path in there if any(c.address == f"{path}:session" for c in todo.changes)]
    disks = {disk for path in leaving for disk in there[path]}
    for name in sorted({held for disk in disks for held in _maps(disk) if _slaves(held) <= disks}):
        runner.run(["multipath", "-f", _map_name(name)], ok=None)
    _each(leaving, lambda path: _iscsiadm(runner, path, "--logout"))
    known = observe().records
    for path in known:
        if any(c.address == str(path) and c.action is Action.DELETE for c in todo.changes):
            _iscsiadm(runner, path, "--op", "delete")


def _records(root: File) -> dict[Path, dict[str, str]]:
    found: dict[Path, dict[str, str]] = {}
    for folder in (root / name for name in NODES):
        for place in sorted(folder.glob("*/*")):
            address, port, *_ = [*place.name.split(","), "0"]
            path = Path(place.parent.name, address, int(port))
            kept = sorted(place.iterdir()) if place.is_dir() else [place]
            texts = {str(file): files.read(file) or "" for file in kept}
            found[path] = {**found.get(path, {}), **texts}
    return found


def _iscsiadm(runner: Runner, path: Path, *words: str) -> None:
    argv = ["iscsiadm", "--mode", "node", "--target", path.iqn, "--portal", path.portal, *words]
    done = runner.run(argv, ok=None, timeout=180)
    if done.returncode not in (0, _SESSION_EXISTS):
        hint = _HINTS.get(done.returncode, "see: journalctl -b -u iscsid")
        raise CommandFailed(argv, done.returncode, done.stderr or done.stdout, hint=hint)


def _each(paths: Sequence[Path], do: Callable[[Path], None]) -> None:
    failed = []
    for path in paths:
        try:
            do(path)
        except CommandFailed as error:
            failed.append(str(error))
    if failed:
        raise KvmhaError("\n".join(failed))


def _users(disk: str, leaving: Sequence[str]) -> Iterator[str]:
    """Yield who uses ``disk``, or the multipath map over it when all of its paths leave."""
    maps = _maps(disk)
    over = [name for name in maps if _slaves(name) <= set(leaving)]
    for name in over or ([] if maps else [disk]):
        busy = blockdev.in_use(f"/dev/{name}") or openers.of(f"/dev/{name}")
        if busy:
            label = f" ({_map_name(name)})" if name != disk else ""
            yield f"{name}{label} is {busy}"


def _maps(disk: str) -> list[str]:
    held = File("/sys/class/block", disk, "holders")
    names = sorted(entry.name for entry in held.iterdir()) if held.is_dir() else []
    return [name for name in names if (_dm(name, "uuid")).startswith("mpath-")]


def _slaves(name: str) -> set[str]:
    return {entry.name for entry in File("/sys/class/block", name, "slaves").iterdir()}


def _map_name(name: str) -> str:
    return _dm(name, "name")


def _dm(name: str, what: str) -> str:
    return (files.read(f"/sys/class/block/{name}/dm/{what}") or "").strip()
