"""A simulation: a small model of corosync, Pacemaker and SBD, to run whole drills against.

Honest by default: it forms memberships, counts votes, fences, boots and starts VMs, each after
its time. ``wrong`` plants what a broken cluster does. Its quorum is a plain majority of its own,
not the product's reckoning.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from kvmha.view.snapshot import NodeSeen, Snapshot

DETECT, FENCE, BOOT, START, LATE = 6.0, 20.0, 40.0, 15.0, 70.0


@dataclass
class Host:
    """A node: up since when, and where it believes to be."""

    up: bool = True
    booted: float = -1000.0
    members: frozenset[str] = frozenset()
    heard: float = 0.0  # when what it can hear of last changed
    fence_at: float | None = None
    frozen: bool = False
    corosync: bool = True


@dataclass
class Cluster:
    """All effects of a drill, upon the model. Time passes in ``pause`` alone, a look takes 1 s."""

    names: tuple[str, ...]
    vms: dict[str, str | None]
    wrong: frozenset[str] = frozenset()
    fencing: bool = True
    stopped: bool = False
    time: float = 0.0
    hosts: dict[str, Host] = field(default_factory=dict)
    cuts: set[tuple[str, str]] = field(default_factory=set)
    timers: dict[str, float] = field(default_factory=dict)
    starting: dict[str, float] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    kept: list = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    ends_at: dict[str, BaseException] = field(default_factory=dict)
    ends_later: dict[str, float] = field(default_factory=dict)
    beats: int = 0
    twin: str = ""

    def __post_init__(self):
        whole = frozenset(self.names)
        self.hosts = {name: Host(members=whole) for name in self.names}
        self._stood = whole

    # --- effects -------------------------------------------------------------------------------

    def look(self):
        self._happens("look")
        self._passes(1.0)
        self.beats += 1
        return Snapshot(1000.0 + self.time, tuple(self._seen(name) for name in self.names))

    def arm(self, seconds):
        self._happens("arm")
        self.done.append("arm")
        reached = [name for name in self.names if self._answers(name)]
        if "no timer" in self.wrong:
            reached = reached[1:]
        self.timers |= dict.fromkeys(reached, self.time + seconds)
        return {name: "no answer" for name in self.names if name not in reached}

    def inject(self, node, fault, arguments):
        self._happens(fault)
        self.done.append(fault)
        if "no fault" in self.wrong:
            return "iptables: no such program"
        others = [name for name in self.names if name != node]
        host = self.hosts[node]
        if fault in ("cut", "isolate") or (fault == "link_down" and "links" not in arguments):
            self.cuts |= {(node, peer) for peer in arguments.get("peers", others)}
        elif fault in ("freeze", "power_off", "crash"):
            host.frozen = fault == "freeze"
            self._ends(node)
            if fault == "crash":
                host.booted = self.time + BOOT
        elif fault == "kill" and arguments["daemon"] == "corosync":
            host.corosync = False
        elif fault == "kill" and arguments["daemon"] == "dlm_controld":
            self.ends_later[node] = self.time + LATE
        elif fault == "kill_guest":
            self.vms[arguments["vm"]] = None
        elif fault == "migrate":
            self.vms[arguments["vm"]] = node
        return ""

    def heal(self):
        self._happens("heal")
        self.done.append("heal")
        if "does not heal" not in self.wrong:
            self.cuts.clear()
        for host in self.hosts.values():
            if not host.up and host.booted < self.time:
                host.booted = self.time + BOOT  # somebody switches it on
        return {name: "no answer" for name in self.names if not self._answers(name)}

    def in_force(self):
        return [f"{one}: cut from {other}" for one, other in sorted(self.cuts)]

    def stop_all(self, seconds):
        assert seconds > 0
        self.stopped = True
        return ""

    def fencing_off(self, seconds):
        assert seconds > 0
        assert not any(self.vms.values()), "fencing was switched off while VMs ran"
        self.fencing = False
        return ""

    def resume(self):
        self._happens("resume")
        self.fencing, self.stopped = True, False
        return ""

    def clock(self):
        return self.time

    def pause(self, seconds):
        self._happens("pause")
        self._passes(seconds)

    def say(self, text):
        self.said.append(text)

    def keep(self, record):
        self.kept.append(record)

    # --- the model -----------------------------------------------------------------------------

    def _happens(self, what):
        """Raise what is to end the runner at this point, once."""
        if what in self.ends_at and self.cuts:
            raise self.ends_at.pop(what)

    def _answers(self, name):
        return self.hosts[name].up

    def _passes(self, seconds):
        end = self.time + seconds
        while self.time < end:
            self.time = min(self.time + 1.0, end)
            self._second()

    def _second(self):
        for name, host in self.hosts.items():
            if not host.up and self.time >= host.booted > 0:
                host.up, host.corosync, host.frozen = True, True, False
                host.members = frozenset({name})
                self.timers.pop(name, None)
            late = self.timers.get(name, self.time) < self.time
            if late and host.up and "does not heal" not in self.wrong:
                self.cuts = {cut for cut in self.cuts if cut[0] != name}
            if self.ends_later.get(name, self.time + 1) <= self.time:
                del self.ends_later[name]
                self._ends(name)  # its resources failed to stop
        self._memberships()
        self._fence()
        self._place()

    def _joined(self, one, other):
        return (one, other) not in self.cuts and (other, one) not in self.cuts

    def _memberships(self):
        """Let greedy cliques form a membership when they differ from it for long enough."""
        left = [name for name in self.names if self.hosts[name].up and self.hosts[name].corosync]
        while left:
            group = {left[0]}
            for name in left[1:]:
                if all(self._joined(name, other) for other in group):
                    group.add(name)
            for name in group:
                host = self.hosts[name]
                if host.members == group:
                    host.heard = self.time
                elif self.time - host.heard >= DETECT:
                    host.members = frozenset(group)
            left = [name for name in left if name not in group]

    def _quorate(self, name):
        host = self.hosts[name]
        if not (host.up and host.corosync):
            return False
        if "split brain" in self.wrong:
            return True
        return len(host.members) > len(self.names) // 2

    def _fence(self):
        rulers = [name for name in self.names if self._quorate(name)]
        for name, host in self.hosts.items():
            away = rulers and not any(name in self.hosts[ruler].members for ruler in rulers)
            lost = away and (name in self._stood or host.fence_at)
            if not (self.fencing and lost) or "split brain" in self.wrong:
                host.fence_at = None
            elif host.fence_at is None:
                host.fence_at = self.time + FENCE
            elif self.time >= host.fence_at and "no fencing" not in self.wrong:
                host.fence_at = None
                self._ends(name)
                host.booted = self.time + BOOT
                self.cuts = {cut for cut in self.cuts if cut[0] != name}
        for ruler in rulers:
            if not any(host.fence_at for host in self.hosts.values()):
                self._stood = self.hosts[ruler].members
                break

    def _ends(self, name):
        host = self.hosts[name]
        host.up, host.booted, host.members = False, -1.0, frozenset()
        self.timers.pop(name, None)

    def _place(self):
        rulers = [name for name in self.names if self._quorate(name)]
        for vm, where in self.vms.items():
            off = where and not self.hosts[where].up and self.hosts[where].fence_at is None
            if self.stopped or off:
                self.vms[vm] = None
            elif where is None and rulers and not any(h.fence_at for h in self.hosts.values()):
                begin = self.starting.setdefault(vm, self.time)
                if self.time - begin >= START:
                    self.vms[vm] = rulers[0]
                    del self.starting[vm]
            if "split brain" in self.wrong and self.cuts and where:
                self.twin = next(name for name in self.names if name != where)

    def _seen(self, name):
        host = self.hosts[name]
        if not self._answers(name):
            return NodeSeen(name)
        members = tuple(sorted(host.members)) if host.corosync else ()
        runs = {vm: "running" for vm, where in self.vms.items() if where == name}
        if name == self.twin:
            runs |= dict.fromkeys(self.vms, "running")
        unclean = {
            other: ("unclean",) for other, each in self.hosts.items() if each.fence_at is not None
        }
        return NodeSeen(
            name,
            answered=True,
            corosync=host.corosync,
            members=members,
            quorate=self._quorate(name),
            votes=len(members),
            expected_votes=len(self.names),
            pacemaker=host.corosync,
            dc=members[0] if members else "",
            online=members,
            flags=unclean,
            domains=runs,
            heartbeats=dict.fromkeys(self.vms, self.beats * 10),
            uptime=self.time - host.booted,
        )
