"""What a running corosync takes over at a reload: our costs against its own words."""

from __future__ import annotations

import re
import subprocess

import pytest

from kvmha.build import corosync_conf as build
from kvmha.documents import corosync_conf, corosync_cost
from kvmha.plan import Action, Disruption
from kvmha.spec import load_part
from kvmha.spec.corosync import CorosyncPart
from kvmha.spec.corosync_words import words

BASE = {
    "transport": "knet",
    "token": "1s",
    "totem": {"version": 2, "cluster_name": "alpha"},
    "nodelist": [{"name": "ha-host1", "nodeid": 1, "ring0_addr": "127.0.0.1"}],
    "quorum": {"provider": "corosync_votequorum"},
    "logging": {"to_syslog": False, "to_stderr": True},
}
# $0 is the first file, $1 the one to reload; the log and what is asked afterwards are printed.
SCRIPT = """\
set -e
for place in /run /dev/shm /var/lib/corosync /etc/corosync /var/log; do
    mount -t tmpfs tmpfs "$place"
done
hostname ha-host1
ip link set lo up
conf=/etc/corosync/corosync.conf
printf %s "$0" > $conf
corosync -f > /var/log/corosync.log 2>&1 &
until corosync-cmapctl -g totem.version; do sleep 0.1; done > /dev/null 2>&1
printf %s "$1" > $conf
corosync-cfgtool -R || true
sleep 0.5
cat /var/log/corosync.log
corosync-quorumtool -s || true
corosync-cmapctl
ip -brief address
"""


def built(said: dict) -> corosync_conf.Section:
    return build.build(load_part({"corosync": said}))


def reloaded(said: dict) -> str:
    """Start corosync with BASE in namespaces of its own, reload with ``said`` laid over it."""
    texts = [corosync_conf.render(built(each)) for each in (BASE, said)]
    spaces = ["--mount", "--uts", "--ipc", "--net", "--pid", "--fork", "--mount-proc"]
    argv = ["unshare", *spaces, "--kill-child", "sh", "-c", SCRIPT, *texts]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def laid_over(place, value) -> dict:
    """Return BASE with ``value`` at ``place`` of the pillar."""
    said = {key: dict(item) if isinstance(item, dict) else item for key, item in BASE.items()}
    *way, last = place
    inner = said
    for name in way:
        inner = inner.setdefault(name, {})
    inner[last] = value
    return said


def totem_words(cost: Disruption):
    return [
        word
        for word in words(CorosyncPart)
        if not word.free
        and not word.meta.many
        and word.path.startswith(("totem.", "quorum.", "logging.", "system."))
        and corosync_cost.decided(word.path, Action.UPDATE, "knet") is cost
    ]


def test_corosync_refuses_nothing_that_we_call_a_reload():
    said = BASE
    taken = totem_words(Disruption.RELOAD)
    for word in taken:
        *way, last = word.place
        inner = said = {**said}
        for name in way:
            inner[name] = {**inner.get(name, {})}
            inner = inner[name]
        inner[last] = word.meta.example
    out = reloaded(said)
    assert "Config reload requested" in out
    assert not re.findall(r"Modified entry '(\S+)' .* cannot be changed", out)
    keys = re.findall(r"^(\S+) \(\S+\) = ", out, re.MULTILINE)
    assert {word.path for word in taken} <= set(keys)


def test_what_corosync_refuses_to_reload_we_call_a_stop():
    said = laid_over(("totem", "netmtu"), 1400)
    said["totem"] |= {"ip_version": "ipv4", "keyfile": "/etc/corosync/other"}
    said["system"] = {"sched_rr": False, "state_dir": "/var/lib/corosync"}
    refused = re.findall(r"Modified entry '(\S+)' .* cannot be changed", reloaded(said))
    assert "totem.netmtu" in refused and "totem.ip_version" in refused
    for path in refused:
        assert corosync_cost.of(path, Action.UPDATE, "knet") is Disruption.CLUSTER_STOP


@pytest.mark.parametrize(
    ("place", "value", "seen"),
    [
        (("nozzle",), {"name": "noz0", "ipaddr": "10.9.9.0", "ipprefix": 24}, "10.9.9.1/24"),
        (("uidgid",), [{"uid": "nobody"}], "uidgid.config.uid.65534"),
        (("quorum", "expected_votes"), 3, r"Expected votes: +3"),
        (("quorum", "two_node"), True, r"Flags: .*2Node"),
        (("quorum", "device"), {"model": "net", "votes": 1, "net": {"host": "h"}}, r"votes: +2"),
    ],
    ids=lambda value: value[-1] if isinstance(value, tuple) else None,
)
def test_it_takes_effect_at_once(place, value, seen):
    said = laid_over(place, value)
    if place[-1] == "two_node":
        said["quorum"]["expected_votes"] = 2
    assert re.search(seen, reloaded(said))
    before, after = (corosync_conf.flatten(built(each)) for each in (BASE, said))
    for address in set(after) - set(before):
        assert corosync_cost.of(address, Action.CREATE, "knet") is Disruption.RELOAD
