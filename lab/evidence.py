"""Collects what a person needs to see after something went wrong, into one folder."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from lab.errors import LabError

if TYPE_CHECKING:
    from lab.api import Lab, Node

# File name -> a line for the node's shell.
NODE_COMMANDS = {
    "journal.txt": "journalctl --no-pager -o short-iso-precise",
    "kernel.txt": "dmesg",
    "units.txt": "systemctl --no-pager --failed; systemctl --no-pager list-units --type=service",
    "cib.xml": "cibadmin --query",
    "crm_mon.txt": "crm_mon -1 --show-detail --failcounts --timing-details",
    "fencing.txt": "stonith_admin --history '*' --verbose",
    "corosync.conf": "cat /etc/corosync/corosync.conf",
    "quorum.txt": "corosync-quorumtool -siH; corosync-cfgtool -s",
    "cmap.txt": "corosync-cmapctl",
    "sbd.txt": "sbd -d /dev/disk/by-id/scsi-lab-sbd dump; sbd -d /dev/disk/by-id/scsi-lab-sbd list",
    "dlm.txt": "dlm_tool status; dlm_tool ls",
    "storage.txt": "lsblk -f; dmsetup table; mount; lvs; vgs",
    "virsh.txt": "virsh list --all",
    "network.txt": "ip addr; ip route; ss -tunap",
}  # fmt: skip
MASTER_FILES = ("daemon.log", "master.out", "s/master.log", "s/etc/master", "lab.json")


def collect(lab: Lab, folder: Path | None) -> Path:
    """Fill ``folder`` (default: a new one named by the time); a dead node costs no more than it."""
    folder = folder or Path(f"evidence-{lab.name}-{time.strftime('%Y%m%d-%H%M%S')}")
    folder.mkdir(parents=True, exist_ok=True)
    for name in MASTER_FILES:
        if (lab.paths.root / name).is_file():
            shutil.copy(lab.paths.root / name, folder / Path(name).name)
    with ThreadPoolExecutor(len(lab.nodes)) as pool:
        list(pool.map(lambda node: _of_node(node, folder / node.name), lab.nodes))
    return folder.resolve()


def _of_node(node: Node, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    shutil.copy(node.lab.paths.console(node.name), folder / "console.txt")
    power = node.state()["power"]
    (folder / "power.txt").write_text(f"{node.state()}\n")
    if power != "on":
        return
    try:
        log = node.run("cat /var/log/salt/minion", check=False, timeout=30)
        (folder / "minion.log").write_text(log.stdout)
        for name, line in NODE_COMMANDS.items():
            first = line.split()[0]
            done = node.run(f"command -v {first} >/dev/null || exit 0; {line}", timeout=60,
                            check=False)  # fmt: skip
            if done.stdout or done.stderr:
                (folder / name).write_text(done.stdout + done.stderr)
    except LabError as error:
        (folder / "missing.txt").write_text(f"{error}\n")
