"""libvirt behind one small interface: docs/adr/0011-two-ways-to-libvirt-one-interface.md.

``Libvirt`` answers in plain text and dataclasses, and raises one kind of error, whichever way it
goes: by libvirt's Python binding where this Python can import it, by ``virsh`` elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kvmha.documents.domain import NAMESPACE
from kvmha.tools.libvirt_binding import Binding
from kvmha.tools.libvirt_virsh import Virsh
from kvmha.tools.runner import Runner

SYSTEM = "qemu:///system"
BINDING, VIRSH = "binding", "virsh"
# virDomainState of include/libvirt/libvirt-domain.h, in the words of virsh
STATES = {
    0: "no state", 1: "running", 2: "idle", 3: "paused", 4: "in shutdown", 5: "shut off",
    6: "crashed", 7: "pmsuspended",
}  # fmt: skip
_ACTIVE = ("running", "idle", "paused", "in shutdown", "pmsuspended")


@dataclass(frozen=True)
class Domain:
    """One domain of this host: its state in virsh's word, and its processor time in ns.

    ``cpu_time`` is 0 where the hypervisor does not tell, as for a domain that is off.
    """

    name: str
    state: str
    cpu_time: int = 0

    @property
    def active(self) -> bool:
        """Tell whether it exists as a process now, be it paused."""
        return self.state in _ACTIVE


@dataclass(frozen=True)
class Standing:
    """Whether a domain, network or pool is active, and started with libvirt."""

    active: bool
    autostart: bool


def domains_of(stats: Mapping[str, Mapping[str, int]]) -> dict[str, Domain]:
    """Return the domains of libvirt's statistics, ``state.state`` and ``cpu.time`` of each."""
    return {
        name: Domain(
            name, STATES.get(said.get("state.state", 0), "no state"), said.get("cpu.time", 0)
        )
        for name, said in stats.items()
    }


class Libvirt:
    """The libvirt daemon of this host.

    ``uri`` defaults to that of the resource agent. ``way`` is ``binding`` or ``virsh``; unsaid,
    the binding is taken where it can be imported. ``kind`` of what follows is ``domain``,
    ``network`` or ``pool``. Every method raises CommandFailed when the daemon does not answer or
    does not do it, in libvirt's words and with the virsh command that shows it again.
    """

    def __init__(self, runner: Runner, uri: str = SYSTEM, way: str = "") -> None:
        self._runner = runner
        self._uri = uri
        self.backend = way or (BINDING if Binding.is_here() else VIRSH)
        self._does = Binding(uri) if self.backend == BINDING else Virsh(runner, uri)

    # -- looking ---------------------------------------------------------------------------------

    def domains(self) -> dict[str, Domain]:
        """Return every domain by name, with one call or program; safe at any time."""
        return domains_of(self._does.stats())

    def standing(self, kind: str) -> dict[str, Standing]:
        """Return every object of a kind by name, with one program."""
        there, active, autostart = self._does.names(kind)
        return {name: Standing(name in active, name in autostart) for name in there}

    def xml(self, name: str, kind: str = "domain", *, inactive: bool = False) -> str:
        """Return the XML of ``name`` as libvirt has it, without secrets.

        With ``inactive`` as it will be when it starts next.
        """
        return self._does.xml(kind, name, inactive)

    def capabilities(self) -> str:
        """Return the XML of what this host can run, its processor among it."""
        return self._does.capabilities()

    def compare_cpu(self, xml: str) -> str:
        """Return ``identical``, ``superset`` or ``incompatible``: this host against a ``<cpu>``."""
        return self._does.compare_cpu(xml)

    def volumes(self, pool: str) -> dict[str, str]:
        """Return name -> path of the volumes of an active pool, read anew."""
        return self._does.volumes(pool)

    def volume_xml(self, pool: str, name: str) -> str:
        """Return the XML of a volume."""
        return self._does.volume_xml(pool, name)

    # -- definitions -----------------------------------------------------------------------------

    def define(self, xml: str, kind: str = "domain") -> None:
        """Make libvirt keep an object; one of its name gets the new definition."""
        self._does.define(kind, xml)

    def undefine(self, name: str, kind: str = "domain") -> None:
        """Make libvirt forget an object; an active domain goes on without a definition."""
        self._does.undefine(kind, name)

    def set_autostart(self, name: str, on: bool, kind: str = "domain") -> None:
        """Have libvirt start an object on its own when it starts itself, or not."""
        self._does.set_autostart(kind, name, on)

    def disable_autostart(self, name: str) -> None:
        """Keep libvirt from starting domain ``name`` on its own when it starts itself."""
        self._does.set_autostart("domain", name, False)

    def build_pool(self, name: str) -> None:
        """Make what a pool stands on, such as its folder; never overwrites."""
        self._does.build_pool(name)

    def create_volume(self, pool: str, xml: str) -> None:
        """Make a volume in an active pool."""
        self._does.create_volume(pool, xml)

    def delete_volume(self, pool: str, name: str) -> None:
        """Destroy a volume and what is on it."""
        self._does.delete_volume(pool, name)

    # -- running ---------------------------------------------------------------------------------

    def create(self, xml: str) -> None:
        """Start a domain that libvirt forgets when it ends."""
        self._does.create(xml)

    def start(self, name: str, kind: str = "domain") -> None:
        """Start what is defined."""
        self._does.start(kind, name)

    def destroy(self, name: str, kind: str = "domain") -> None:
        """Stop an object at once: of a domain, pull the plug."""
        self._does.destroy(kind, name)

    def shutdown(self, name: str) -> None:
        """Ask a domain to shut down; returns before it has."""
        self._does.shutdown(name)

    def set_memory(self, name: str, size: int, *, live: bool = True) -> None:
        """Set the memory of a domain, in bytes: of the running one, or of its definition."""
        self._does.set_memory(name, size // 1024, live)

    def set_vcpus(self, name: str, count: int, *, live: bool = True) -> None:
        """Set the number of processors of a domain, up to its maximum."""
        self._does.set_vcpus(name, count, live)

    def attach(self, name: str, xml: str, *, live: bool = True) -> None:
        """Add a device to a domain."""
        self._does.attach(name, xml, live)

    def detach(self, name: str, xml: str, *, live: bool = True) -> None:
        """Take a device from a domain."""
        self._does.detach(name, xml, live)

    def change(self, name: str, verb: str, *words: str, xml: str = "") -> None:
        """Change the running domain ``name``; what is configured is not touched.

        ``verb`` is that of virsh: setmem (KiB), setvcpus, attach-device, detach-device, or
        metadata, whose ``xml`` is that of our namespace.
        """
        does = {
            "setmem": lambda: self._does.set_memory(name, int(words[0]), True),
            "setvcpus": lambda: self._does.set_vcpus(name, int(words[0]), True),
            "attach-device": lambda: self._does.attach(name, xml, True),
            "detach-device": lambda: self._does.detach(name, xml, True),
            "metadata": lambda: self._does.set_metadata(name, NAMESPACE, xml),
        }
        does[verb]()
