"""Shell for faults that take their maker down with them, and for the space that a process holds.

They run in transient units of systemd, begin after ``delay`` seconds, and need neither Salt nor
Python.
"""

from __future__ import annotations

# The file loses its name before it gets a size: its space ends with this process, by a crash too.
# Cluster filesystems find such files when they recover the journal of a dead node.
# Words: a mount point, bytes to leave, and a file that is there when all is filled.
FILLING = """\
file=$1/.kvmha-drill-fill headroom=$2 done=$3
exec 3<>"$file" && rm "$file" || exit 1
at=0 filled=
left() {
    set -- $(stat -f -c '%a %S' "$1")
    echo $(($1 * $2 - headroom))
}
want=$(left "$1")
while [ "$want" -ge 65536 ]; do
    tried=$want
    if fallocate -o $at -l "$tried" /proc/self/fd/3 2>/dev/null; then
        filled=yes
        want=$(left "$1")
        [ "$want" -lt "$tried" ] || want=$((tried / 2))
    else
        want=$((tried / 2))
    fi
    # What a failure leaves allocated is not asked for again: that would succeed, and fill nothing.
    at=$((at + tried))
done
# OCFS2 keeps some MiB for this node alone, and counts them as used.
while [ $headroom = 0 ] && fallocate -o $at -l 262144 /proc/self/fd/3 2>/dev/null; do
    at=$((at + 262144))
done
[ "$filled" ] || head -c "$(left "$1")" /dev/zero >&3
echo full >"$done"
exec sleep infinity
"""


def freezing(delay: int, seconds: float) -> str:
    """Return shell that stops every process but init for ``seconds``, and lets all go on.

    kill(2): -1 is every process but init and the caller. What the caller starts later runs.
    """
    return f"sleep {delay}; kill -s STOP -- -1; sleep {seconds:g}; kill -s CONT -- -1"


def power_off(delay: int, wake: float) -> str:
    """Return shell that powers off without a sync, and has the clock wake the host, if it can.

    ``wake`` is in seconds from now. Not every board wakes from off (see rtcwake(8)).
    """
    return (
        "alarm=/sys/class/rtc/rtc0/wakealarm\n"
        f"[ ! -w $alarm ] || {{ echo 0 >$alarm; echo +{wake:.0f} >$alarm; }}\n"
        f"sleep {delay}\n{_sysrq('o')}sleep 3\nexec systemctl poweroff --force --force\n"
    )


def crash(delay: int, how: str) -> str:
    """Return shell that boots the host at once (``reboot``), or has its kernel ``panic``.

    After a panic a host boots by kernel.panic (10 s where it is not set), kdump or its watchdog.
    """
    if how == "reboot":
        last = "sleep 3\nexec systemctl reboot --force --force\n"
        return f"sleep {delay}\n{_sysrq('b')}{last}"
    timeout = "/proc/sys/kernel/panic"
    return (
        f"sleep {delay}\nread -r panic <{timeout}\n"
        f'[ "$panic" != 0 ] || echo 10 >{timeout}\n{_sysrq("c")}'
    )


def _sysrq(key: str) -> str:
    """Return shell that asks the kernel; root may, whatever kernel.sysrq says."""
    return f"[ ! -e /proc/sysrq-trigger ] || echo {key} >/proc/sysrq-trigger\n"
