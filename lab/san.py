"""The lab's iSCSI target: a real tgtd on the master's side, two disks on two portals.

tgtd is a child of the lab's daemon and lives in its namespaces, so it ends with the lab. Its
control socket is a file of the lab's folder (TGT_IPC_SOCKET): neither another lab nor a tgtd of
this machine is in the way.
"""

from __future__ import annotations

import os
import subprocess
import time

from lab.errors import CommandError, LabError
from lab.model import MASTER_ADDRESS, LabSpec
from lab.network import BRIDGE

TARGET = "iqn.2026-11.lab.kvmha:san"
SECOND_ADDRESS = "192.168.56.2"
PORTALS = (f"{MASTER_ADDRESS}:3260", f"{SECOND_ADDRESS}:3260")
# What the nodes must say, and what the target says back (mutual CHAP).
USER, PASSWORD = "lab-initiator", "in-the-lab-only"
MUTUAL_USER, MUTUAL_PASSWORD = "lab-target", "said-back-by-the-lab"
LUNS = {1: "iscsi1", 2: "iscsi2"}
LUN_MIB = 256
_START_TIMEOUT = 10.0


def start(spec: LabSpec) -> subprocess.Popen[bytes]:
    """Start tgtd with its target, portals, accounts and disks, in the caller's namespaces."""
    path_up()
    with (spec.paths.root / "tgtd.log").open("ab") as out:
        process = subprocess.Popen(
            ["tgtd", "--foreground", "--iscsi", ",".join(f"portal={each}" for each in PORTALS)],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=_environment(spec),
        )  # fmt: skip
    _wait(spec, process)
    _admin(spec, "target", "new", "--tid=1", f"--targetname={TARGET}")
    for number, name in LUNS.items():
        disk = spec.paths.disk(name)
        with disk.open("wb") as stream:
            stream.truncate(LUN_MIB * 1024 * 1024)
        lun = ("--tid=1", f"--lun={number}")
        _admin(spec, "logicalunit", "new", *lun, f"--backing-store={disk}")
        names = f"vendor_id=KVMHA,product_id=LAB,scsi_sn=lab-{name}"
        _admin(spec, "logicalunit", "update", *lun, f"--params={names}")
    for user, password in ((USER, PASSWORD), (MUTUAL_USER, MUTUAL_PASSWORD)):
        _admin(spec, "account", "new", f"--user={user}", f"--password={password}")
    _admin(spec, "account", "bind", "--tid=1", f"--user={USER}")
    _admin(spec, "account", "bind", "--tid=1", f"--user={MUTUAL_USER}", "--outgoing")
    _admin(spec, "target", "bind", "--tid=1", "--initiator-address=ALL")
    return process


def path_down() -> None:
    """Take the second portal's address away: what was sent to it is never answered."""
    _run(["ip", "address", "del", f"{SECOND_ADDRESS}/32", "dev", BRIDGE])


def path_up() -> None:
    """Give the second portal its address (back); nothing to do is fine."""
    _run(["ip", "address", "replace", f"{SECOND_ADDRESS}/32", "dev", BRIDGE])


def _wait(spec: LabSpec, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_TIMEOUT
    while True:
        try:
            _admin(spec, "system", "show")
        except CommandError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                log = spec.paths.root / "tgtd.log"
                raise LabError(f"tgtd does not answer: {error.message}", f"see {log}") from None
            time.sleep(0.1)
        else:
            return


def _admin(spec: LabSpec, mode: str, operation: str, *words: str) -> None:
    argv = ["tgtadm", "--lld=iscsi", f"--mode={mode}", f"--op={operation}", *words]
    _run(argv, _environment(spec))


def _environment(spec: LabSpec) -> dict[str, str]:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    return {**os.environ, "PATH": path, "TGT_IPC_SOCKET": str(spec.paths.root / "tgtd")}


def _run(argv: list[str], environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        argv, text=True, capture_output=True, check=False, env=environment or dict(os.environ)
    )
    if done.returncode:
        why = done.stderr.strip() or f"status {done.returncode}"
        raise CommandError(f"{argv[0]}: {why}", done.returncode)
