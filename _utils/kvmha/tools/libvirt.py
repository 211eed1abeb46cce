"""libvirt, asked through ``virsh``: see docs/adr/0004-virsh-behind-a-small-interface.md."""

from __future__ import annotations

from dataclasses import dataclass

from kvmha.documents.domain import NAMESPACE
from kvmha.tools.runner import Runner

SYSTEM = "qemu:///system"
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


class Libvirt:
    """The libvirt daemon of this host.

    ``uri`` defaults to that of the resource agent. Every method raises CommandFailed when the
    daemon does not answer or virsh is missing.
    """

    def __init__(self, runner: Runner, uri: str = SYSTEM) -> None:
        self._runner = runner
        self._uri = uri

    def domains(self) -> dict[str, Domain]:
        """Return every domain by name, with one program; safe at any time."""
        return parse_domstats(self._read("domstats", "--state", "--cpu-total", "--raw"))

    def xml(self, name: str) -> str:
        """Return the XML of domain ``name`` as libvirt has it, without secrets."""
        return self._read("dumpxml", name)

    def disable_autostart(self, name: str) -> None:
        """Keep libvirt from starting domain ``name`` on its own when it starts itself."""
        self._runner.run(["virsh", "-c", self._uri, "autostart", "--disable", name])

    def change(self, name: str, verb: str, *words: str, xml: str = "") -> None:
        """Change the running domain ``name``; what is configured is not touched.

        ``verb`` is setmem, setvcpus, attach-device, detach-device or metadata; ``xml``, a device
        or the metadata of our namespace, goes to virsh on its standard input where it can.
        """
        if verb == "metadata":
            words = ("--uri", NAMESPACE, "--key", "kvmha", "--set", xml)
        elif xml:
            words = (*words, "/dev/stdin")
        argv = ["virsh", "-c", self._uri, verb, name, *words, "--live"]
        self._runner.run(argv, stdin=xml or None)

    def _read(self, *words: str) -> str:
        argv = ["virsh", "-c", self._uri, *words]
        hint = "is the libvirt daemon running? see: salt-call libvirt_domain.status"
        return self._runner.run(argv, hint=hint).stdout


def parse_domstats(text: str) -> dict[str, Domain]:
    """Return the domains in what ``virsh domstats --raw`` printed."""
    found = {}
    for block in text.split("Domain: '")[1:]:
        head, *lines = block.splitlines()
        said = dict(line.strip().partition("=")[::2] for line in lines if "=" in line)
        name = head.rstrip().removesuffix("'")
        state = STATES.get(int(said.get("state.state", 0)), "no state")
        found[name] = Domain(name, state, int(said.get("cpu.time", 0)))
    return found
