"""What this machine must have before a lab can be built: all that is missing, at once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from lab import recipe
from lab.errors import LabError


def check(*, bmc: bool = False, iscsi: bool = False) -> None:
    """Raise one LabError that names everything that is missing and how to get it.

    ``bmc``: whether board controllers are wanted, ``iscsi``: an iSCSI target.
    """
    programs = recipe.NEEDED_PROGRAMS | (recipe.BMC_PROGRAMS if bmc else {})
    programs |= recipe.ISCSI_PROGRAMS if iscsi else {}
    absent = _absent(programs)
    missing = [*_machine(), *(f"the program {program}" for program in absent)]
    if missing:
        packages = sorted({programs[p] for p in absent})
        hint = f"apt-get install --yes {' '.join(packages)}" if packages else ""
        raise LabError("this machine lacks " + "; ".join(missing), hint)


def _machine() -> list[str]:
    found = []
    if sys.version_info < (3, 11):
        found.append("Python 3.11 or later")
    if os.geteuid() != 0:
        return [*found, "root rights (run it as root)"]
    if not Path("/dev/net/tun").exists():
        found.append("/dev/net/tun (modprobe tun)")
    if not shutil.which("unshare") or not shutil.which("ip"):
        return found
    return found + _kernel_features()


def _kernel_features() -> list[str]:
    probes = {
        "namespaces (net, pid, mount, uts, ipc)": "true",
        "network bridges": "ip link add labprobe type bridge",
        "tap devices": "ip tuntap add dev labprobe mode tap",
        "nftables bridge filters": "nft add table bridge labprobe",
    }
    inside = ["unshare", "--net", "--pid", "--mount", "--uts", "--ipc", "--fork", "--mount-proc"]
    return [
        f"kernel support for {feature}"
        for feature, probe in probes.items()
        if not (feature.startswith("nft") and not shutil.which("nft"))
        and subprocess.run(
            [*inside, "sh", "-c", probe], capture_output=True, check=False
        ).returncode
    ]


def _absent(programs: Iterable[str]) -> list[str]:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    return [program for program in programs if not shutil.which(program, path=path)]
