"""The scenarios that are shipped: what each proves, what it needs, what it does."""

from __future__ import annotations

from collections.abc import Callable

from kvmha.spec.drills import Drill, Step
from kvmha.spec.model import ClusterSpec

_LOOK = Step(name="baseline")
_HEAL = Step(name="heal", heal=True)


def _one(name: str, proves: str, step: Step, *, needs: tuple[str, ...] = ()) -> Drill:
    """Return the scenario of one fault: a look, the fault, the healing."""
    return Drill(name=name, proves=proves, steps=(_LOOK, step, _HEAL), needs=needs)


def _kill(daemon: str, proves: str, *, needs: tuple[str, ...] = ()) -> Drill:
    step = Step(name=f"kill {daemon}", fault="kill", node="host-of:1", arguments={"daemon": daemon})
    return _one(f"kill_{daemon}", proves, step, needs=("vm", *needs))


_CUTS = (
    Step(name="cut 1 from 3", fault="cut", node="1", peers=("3",)),
    Step(name="cut 1 from 2 also", fault="cut", node="1", peers=("2",)),
    Step(name="cut 2 from 3 also", fault="cut", node="2", peers=("3",)),
)

SHIPPED: tuple[Drill, ...] = (
    Drill(
        name="partition3",
        proves="Whatever links fail among three nodes, at most one partition has quorum.",
        steps=(_LOOK, *_CUTS, _HEAL),
        fencing="off",
        nodes=3,
    ),
    Drill(
        name="partition3_fencing",
        proves="A node that is cut off is fenced, starts anew and joins again by itself.",
        steps=(_LOOK, *_CUTS, _HEAL),
        nodes=3,
    ),
    _one(
        "isolate",
        "A host that nobody hears is fenced, and its VMs run elsewhere.",
        Step(name="isolate a host", fault="isolate", node="host-of:1"),
        needs=("vm",),
    ),
    _one(
        "lose_link",
        "One of two links is enough: nobody leaves, nothing moves.",
        Step(name="lose link 0", fault="link_down", node="1", links=(0,)),
        needs=("links",),
    ),
    _one(
        "lose_sbd_disk",
        "A host that loses SBD's disks stays while the cluster has quorum.",
        Step(name="lose SBD's disks", fault="sbd_disk_loss", node="not dc"),
        needs=("sbd",),
    ),
    _one(
        "lose_san",
        "A host without its storage is fenced or stops its VMs; they run elsewhere.",
        Step(name="lose the SAN", fault="san_loss", node="host-of:1"),
        needs=("san", "vm"),
    ),
    _kill("corosync", "A host without membership is fenced, and its VMs run elsewhere."),
    _kill("pacemakerd", "Pacemaker comes back by itself, or its host is fenced; no VM runs twice."),
    _kill("sbd", "A host without SBD has it again at once, or is reset by its watchdog.",
          needs=("sbd",)),
    _kill("libvirtd", "VMs outlive the daemon that started them, or are started anew."),
    _kill("dlm_controld", "A host that lost its lock manager is fenced: no lock is held twice.",
          needs=("dlm",)),
    _one(
        "freeze",
        "A host that stands still is fenced before its VMs start elsewhere.",
        Step(name="freeze a host", fault="freeze", node="host-of:1",
             arguments={"seconds": 600}),
        needs=("vm",),
    ),
    _one(
        "power_off",
        "VMs of a host that lost its power run elsewhere.",
        Step(name="power a host off", fault="power_off", node="host-of:1"),
        needs=("vm",),
    ),
    _one(
        "crash_dc",
        "The cluster goes on without its coordinator: another is elected.",
        Step(name="crash the DC", fault="crash", node="dc"),
    ),
    _one(
        "fill_filesystem",
        "A full filesystem makes no host and no VM move.",
        Step(name="fill the filesystem", fault="fill", node="host-of:1"),
        needs=("vm",),
    ),
    _one(
        "clock_jump",
        "A clock that jumps an hour makes nobody leave and nothing move.",
        Step(name="set a clock back an hour", fault="clock_jump", node="not dc",
             arguments={"seconds": -3600}),
    ),
    _one(
        "restart_libvirtd",
        "A restart of libvirtd, as by an update, does nothing to VMs.",
        Step(name="restart libvirtd", fault="restart", node="host-of:1"),
        needs=("vm",),
    ),
    _one(
        "kill_guest",
        "A VM whose process dies is started again.",
        Step(name="kill a guest", fault="kill_guest", node="host-of:1", arguments={"vm": "1"}),
        needs=("vm",),
    ),
    Drill(
        name="lose_master",
        proves="Faults heal though the Salt master is gone in the middle of a drill.",
        steps=(
            _LOOK,
            Step(name="cut 1 from 2", fault="cut", node="1", peers=("2",)),
            Step(name="the master is gone", leave=True),
        ),
        fencing="off",
    ),
    Drill(
        name="migration_storm",
        proves="VMs that move again and again run once, and lose nothing.",
        steps=(
            _LOOK,
            *(
                Step(name=f"move {number}", fault="migrate", node="not host-of:migrating",
                     arguments={"vm": "migrating"})
                for number in (1, 2, 3)
            ),
            _HEAL,
        ),
        needs=("vm", "migration"),
    ),
)  # fmt: skip


def all_of(spec: ClusterSpec) -> dict[str, Drill]:
    """Return the scenarios by name: those shipped, and the pillar's, which win."""
    return {drill.name: drill for drill in (*SHIPPED, *spec.drills)}


def lacking(spec: ClusterSpec, drill: Drill) -> list[str]:
    """Return why the cluster of ``spec`` cannot run ``drill``, in sentences; empty: it can."""
    found = []
    if len(spec.nodes) < drill.nodes:
        found.append(f"it needs {drill.nodes} nodes, the cluster has {len(spec.nodes)}")
    return [*found, *(_NEEDS[need][1] for need in drill.needs if not _NEEDS[need][0](spec))]


_NEEDS: dict[str, tuple[Callable[[ClusterSpec], bool], str]] = {
    "links": (
        lambda spec: min(len(node.links) for node in spec.nodes) > 1,
        "it needs two links, nodes[].links has one",
    ),
    "sbd": (lambda spec: bool(spec.fencing.disks), "it needs SBD with disks, fencing.sbd has none"),
    "san": (
        lambda spec: bool(spec.storage.filesystems or spec.storage.volume_groups),
        "it needs shared storage, storage has none",
    ),
    "dlm": (lambda spec: spec.storage.uses_dlm, "it needs DLM, which nothing in storage uses"),
    "vm": (lambda spec: bool(spec.vms), "it needs a VM, vms has none"),
    "migration": (lambda spec: spec.moves, "it needs a VM that moves live, none says migrate"),
}
