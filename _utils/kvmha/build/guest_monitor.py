"""The program that asks a guest whether it works, which VirtualDomain runs at every monitor.

One file for each VM, whole in itself, beside its domain XML: it reaches all nodes at once, and
nothing has to be installed on them. It is bash, because each fork counts where hosts are busy:
a serial line costs one program, a port two.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from kvmha.plan import Action, Change
from kvmha.spec.model import ClusterSpec
from kvmha.spec.shorthand.vm_monitor import path
from kvmha.spec.vm_monitor import Monitor, place_of
from kvmha.spec.vms import Vm
from kvmha.values import duration

__all__ = ["changes", "path", "script"]

_HEAD = """\
#!/bin/bash
# Asks the guest of {vm} whether it works: ends with 0 if it does, else it says what does not.
# Written by kvmha, which writes over changes; run by VirtualDomain as its monitor_scripts.
export LC_ALL=C
end=$((SECONDS + {timeout}))

checks() {{
{checks}
}}
"""
_FUNCTIONS = {
    "agent": r"""
agent() {  # domain
    why="the guest agent does not answer"
    within virsh --quiet --connect qemu:///system qemu-agent-command "$1" \
        '{"execute": "guest-ping"}' > /dev/null 2>&1
}
""",
    "serial": r"""
serial() {  # file, seconds
    local last now
    why="$1 cannot be read"
    last=$(stat --format=%Y "$1" 2> /dev/null) || return
    why="silent on its serial line since its first start"
    [[ -s $1 ]] || return
    printf -v now '%(%s)T' -1
    why="silent on its serial line for $((now - last)) s"
    ((now - last <= $2))
}
""",
    "tcp": r"""
tcp() {  # host, port
    why="$1 port $2 takes no connection"
    within bash -c 'exec 3<> "/dev/tcp/$0/$1"' "$1" "$2" 2> /dev/null
}
""",
    "http": r"""
http() {  # host, port, path, text
    local answer
    why="http://$1:$2$3 does not answer"
    answer=$(within bash -c 'exec 3<> "/dev/tcp/$0/$1" || exit
        printf "GET %s HTTP/1.0\r\nHost: %s\r\nConnection: close\r\n\r\n" "$2" "$0" >&3
        head --bytes=65536 <&3 | tr --delete "\0"' "$1" "$2" "$3" 2> /dev/null)
    [[ $answer == HTTP/* ]] || return
    why="http://$1:$2$3 answers ${answer%%[$'\r\n']*}"
    [[ $answer =~ ^HTTP/[0-9.]+\ [123] ]] || return
    why="http://$1:$2$3 answers without $4"
    [[ $answer == *"$4"* ]]
}
""",
}
_WITHIN = r"""
within() {  # program: at most as long as is left, and never for ever
    timeout $((SECONDS < end ? end - SECONDS : 1)) "$@"
}
"""
_TAIL = r"""
until checks; do
    if ((SECONDS >= end)); then
        echo "$why"
        exit 1
    fi
    sleep 1
done
"""


def script(spec: ClusterSpec, vm: Vm) -> str:
    """Return the text of the program that asks the guest of ``vm``.

    It goes on asking until all is true, or ``monitor.timeout`` is over. Raises ValueError for a
    VM without ``monitor``.
    """
    if vm.monitor is None:
        raise ValueError(f"vm {vm.name} has no monitor")
    calls = list(_calls(spec, vm, vm.monitor))
    checks = " &&\n".join(f"    {shlex.join(call)}" for call in calls)
    seconds = -(-vm.monitor.timeout // 1000)
    used = [call[0] for call in calls]
    return "".join(
        [
            _HEAD.format(vm=vm.name, timeout=seconds, checks=checks),
            *([] if used == ["serial"] else [_WITHIN]),
            *(_FUNCTIONS[name] for name in used),
            _TAIL,
        ]
    )


def changes(spec: ClusterSpec, vm: Vm, seen: str | None) -> list[Change]:
    """Return what has to change about the program of ``vm``; ``seen`` is its text.

    One that is no longer wanted stays: the cluster may run it until its CIB says otherwise, and
    a missing program would be taken for a guest that hangs.
    """
    if vm.monitor is None or seen == script(spec, vm):
        return []
    action = Action.CREATE if seen is None else Action.UPDATE
    old = None if seen is None else "another program"
    asked = "; ".join(_told(vm.monitor))
    return [Change(action, f"domain:{vm.name}:monitor", old, asked)]


def _calls(spec: ClusterSpec, vm: Vm, monitor: Monitor) -> Iterator[list[str]]:
    if monitor.guest_agent:
        yield ["agent", vm.name]
    if monitor.serial:
        age = -(-monitor.serial.max_age // 1000)
        yield ["serial", f"{spec.folder_of(vm)}/serial.log", str(age)]
    if monitor.tcp:
        yield ["tcp", monitor.tcp.host, str(monitor.tcp.port)]
    if monitor.http and (place := place_of(monitor.http.url)):
        host, port, path_there = place
        yield ["http", host, str(port), path_there, monitor.http.expect]


def _told(monitor: Monitor) -> Iterator[str]:
    if monitor.guest_agent:
        yield "guest agent"
    if monitor.serial:
        yield f"serial line within {duration(monitor.serial.max_age)}"
    if monitor.tcp:
        yield f"tcp {monitor.tcp.host}:{monitor.tcp.port}"
    if monitor.http:
        yield f"http {monitor.http.url}"
