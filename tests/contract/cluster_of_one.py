"""A real corosync and Pacemaker of one node, in namespaces of its own: no privileges outside.

The node is called ha-host1. Its daemons see their own /run, /dev/shm, /etc/corosync and state.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from kvmha.tools import pacemaker
from kvmha.tools.runner import Result, Runner
from kvmha.wait import eventually

CONF = """\
totem {
    version: 2
    cluster_name: alpha
    transport: knet
    token: 1000
}
nodelist {
    node {
        ring0_addr: 127.0.0.1
        name: ha-host1
        nodeid: 1
    }
}
quorum {
    provider: corosync_votequorum
}
logging {
    to_syslog: no
    to_stderr: yes
}
"""
START = """\
set -e
for place in /run /dev/shm /var/lib/pacemaker /var/lib/corosync /etc/corosync /var/log; do
    mount -t tmpfs tmpfs "$place"
done
hostname ha-host1
ip link set lo up
mkdir -p /var/lib/pacemaker/cib /var/lib/pacemaker/pengine /var/lib/pacemaker/cores /run/lock
mkdir -p /var/lib/pacemaker/blackbox /run/crm /var/log/pacemaker
chown -R hacluster:haclient /var/lib/pacemaker /run/crm /var/log/pacemaker
cat > /etc/corosync/corosync.conf
corosync -f > /var/log/corosync.log 2>&1 &
until corosync-cmapctl -g totem.version; do sleep 0.2; done > /dev/null 2>&1
exec pacemakerd > /var/log/pacemakerd.log 2>&1
"""


class Inside(Runner):
    """Runs programs on the node."""

    def __init__(self, pid: int) -> None:
        super().__init__()
        self.pid = pid

    def run(self, argv, **options) -> Result:
        spaces = ["--mount", "--uts", "--ipc", "--net", "--pid"]
        return super().run(["nsenter", f"--target={self.pid}", *spaces, "--", *argv], **options)


@contextlib.contextmanager
def started(conf: str = CONF) -> Iterator[int]:
    """Start the node; yield the process that ``Inside`` wants; end all of it afterwards.

    ``conf`` is its corosync.conf.
    """
    spaces = ["--mount", "--uts", "--ipc", "--net", "--pid", "--fork", "--mount-proc"]
    # However this process ends, the node ends with it.
    dying = ["setpriv", "--pdeathsig=KILL"]
    argv = [*dying, "unshare", *spaces, "--kill-child", "sh", "-c", START]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, text=True) as process:
        assert process.stdin
        process.stdin.write(conf)
        process.stdin.close()
        try:
            yield _up(process)
        finally:
            process.kill()


def _up(process: subprocess.Popen[str]) -> int:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    eventually(lambda: "" if children.read_text() else "no namespace", timeout=10, interval=0.1)
    pid = int(children.read_text())

    def missing() -> str:
        if process.poll() is not None:
            raise AssertionError("the node has ended: see what it printed")
        status = pacemaker.status(Inside(pid))
        return "" if status["dc"] else f"no DC: {status['nodes']}"

    eventually(missing, timeout=120)
    return pid
