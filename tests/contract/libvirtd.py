"""A libvirtd of a test's own, which shares no folder with one of the machine."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kvmha.errors import CommandFailed
from kvmha.tools.libvirt import VIRSH, Libvirt
from kvmha.tools.runner import Runner
from kvmha.wait import eventually

# In a mount namespace of its own; $2 is what else to do there, such as making a bridge.
_PRIVATE = """
set -e
for folder in /run/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt /etc/libvirt; do
    mkdir -p $folder
    mount -t tmpfs tmpfs $folder
done
cp "$1/qemu.conf" /etc/libvirt/
for file in passwd group; do
    cp /etc/$file "$1/$file"
    echo 'libvirt-qemu:x:64055:64055::/:/bin/false' >> "$1/$file"
    mount --bind "$1/$file" /etc/$file
done
eval "$2"
exec libvirtd -f "$1/libvirtd.conf" -p "$1/pid"
"""
NO_CGROUPS = "cgroup_controllers = [ ]\nnamespaces = [ ]\n"


@contextmanager
def private(folder: Path, qemu_conf: str, network: str = "") -> Iterator[str]:
    """Yield the URI of a libvirtd with this ``qemu.conf``, its files in ``folder``.

    With ``network``, lines of a shell, it has a network of its own, made by them. Every guest
    whose files are in ``folder`` ends with it.
    """
    lines = [f'unix_sock_dir = "{folder}"', 'auth_unix_rw = "none"', 'auth_unix_ro = "none"']
    (folder / "libvirtd.conf").write_text("\n".join(lines) + "\n")
    (folder / "qemu.conf").write_text(qemu_conf + NO_CGROUPS)
    alone = ["unshare", "--mount", *(["--net"] if network else [])]
    argv = [*alone, "sh", "-c", _PRIVATE, "sh", str(folder), network]
    with (folder / "log").open("w") as log:
        daemon = subprocess.Popen(argv, stdout=log, stderr=log)
    uri = f"qemu:///system?socket={folder}/libvirt-sock"
    try:
        eventually(lambda: _unreachable(uri), timeout=60, interval=0.2)
        yield uri
    finally:
        _end_guests(folder)
        daemon.terminate()
        daemon.wait(timeout=20)


def _end_guests(folder: Path) -> None:
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            said = process.read_bytes()
            if str(folder).encode() in said and b"qemu-system" in said:
                subprocess.run(["kill", "-9", process.parent.name], check=False)


def _unreachable(uri: str) -> str:
    try:
        Libvirt(Runner(), uri, VIRSH).domains()
    except CommandFailed as error:
        return str(error)
    return ""
