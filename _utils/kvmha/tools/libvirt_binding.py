"""libvirt by its Python binding. See ``kvmha.tools.libvirt`` for what each method means.

The binding is a C extension, built for one Python: it is imported when it is first asked for,
and may not be there. A call that a stuck daemon does not answer cannot be broken off, so each
is made in a thread of its own and given up after a minute, as a program would be.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from kvmha.errors import CommandFailed
from kvmha.tools.libvirt_virsh import HINT, PREFIX, failed, scope

TIMEOUT = 60.0
T = TypeVar("T")
# Of each kind: names of the connection's methods.
_LIST = {"domain": "listAllDomains", "network": "listAllNetworks", "pool": "listAllStoragePools"}
_FIND = {
    "domain": "lookupByName",
    "network": "networkLookupByName",
    "pool": "storagePoolLookupByName",
}
_DEFINE = {"domain": "defineXML", "network": "networkDefineXML", "pool": "storagePoolDefineXML"}
# Flags of include/libvirt: STATS_STATE | STATS_CPU_TOTAL; AFFECT_LIVE, AFFECT_CONFIG; XML_INACTIVE
_STATE_AND_CPU = 1 | 2
_ELEMENT = 2  # VIR_DOMAIN_METADATA_ELEMENT
_FLAG = {True: 1, False: 2}
_INACTIVE = {"domain": 2, "network": 1, "pool": 1}
_CPU = {0: "incompatible", 1: "identical", 2: "superset"}  # virCPUCompareResult


class Binding:
    """Answers by calls over one connection, opened by the first."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._connection: Any = None

    @staticmethod
    def is_here() -> bool:
        """Tell whether this Python can import the binding."""
        try:
            importlib.import_module("libvirt")
        except ImportError:  # absent, or built for another Python
            return False
        return True

    def stats(self) -> dict[str, dict[str, int]]:
        """Return domain -> state and processor time."""
        words = ("domstats", "--state", "--cpu-total", "--raw")
        found = self._call(words, lambda c: c.getAllDomainStats(_STATE_AND_CPU))
        return {domain.name(): numbers for domain, numbers in found}

    def names(self, kind: str) -> tuple[list[str], list[str], list[str]]:
        """Return the names of all, of those active, of those with autostart."""

        def ask(connection: Any) -> tuple[list[str], list[str], list[str]]:
            found = [
                # What is transient has no autostart, and libvirt calls the question an error.
                (o.name(), o.isActive(), o.isPersistent() and o.autostart())
                for o in getattr(connection, _LIST[kind])()
            ]
            return (
                [name for name, _, _ in found],
                [name for name, active, _ in found if active],
                [name for name, _, auto in found if auto],
            )

        return self._call((f"{PREFIX[kind]}list", "--all"), ask)

    def xml(self, kind: str, name: str, inactive: bool) -> str:
        """Return XML."""
        flags = _INACTIVE[kind] if inactive else 0
        more = ["--inactive"] if inactive else []
        return self._of(kind, name, "dumpxml", lambda o: str(o.XMLDesc(flags)), *more)

    def capabilities(self) -> str:
        """Return XML."""
        return self._call(("capabilities",), lambda c: str(c.getCapabilities()))

    def compare_cpu(self, xml: str) -> str:
        """Return the word for the number."""
        found: int = self._call(("cpu-compare", "/dev/stdin"), lambda c: c.compareCPU(xml, 0))
        return _CPU[found]

    def volumes(self, pool: str) -> dict[str, str]:
        """Return name -> path."""
        self._of("pool", pool, "refresh", lambda o: o.refresh(0))
        asked = ("vol-list", pool)

        def ask(found: Any) -> dict[str, str]:
            return {volume.name(): volume.path() for volume in found.listAllVolumes()}

        return self._pool(asked, pool, ask)

    def volume_xml(self, pool: str, name: str) -> str:
        """Return XML."""
        asked = ("vol-dumpxml", "--pool", pool, name)
        return self._pool(asked, pool, lambda o: _volume_xml(o, name))

    def define(self, kind: str, xml: str) -> None:
        """Define."""
        asked = (f"{PREFIX[kind]}define", "/dev/stdin")
        self._call(asked, lambda c: getattr(c, _DEFINE[kind])(xml))

    def undefine(self, kind: str, name: str) -> None:
        """Undefine."""
        self._of(kind, name, "undefine", lambda o: o.undefine())

    def set_autostart(self, kind: str, name: str, on: bool) -> None:
        """Switch autostart."""
        asked = (f"{PREFIX[kind]}autostart", *([] if on else ["--disable"]), name)
        self._call(asked, lambda c: getattr(c, _FIND[kind])(name).setAutostart(int(on)))

    def build_pool(self, name: str) -> None:
        """Build."""
        self._of("pool", name, "build", lambda o: o.build(0))

    def create_volume(self, pool: str, xml: str) -> None:
        """Create."""
        asked = ("vol-create", pool, "/dev/stdin")
        self._pool(asked, pool, lambda o: o.createXML(xml, 0))

    def delete_volume(self, pool: str, name: str) -> None:
        """Delete."""
        asked = ("vol-delete", "--pool", pool, name)
        self._pool(asked, pool, lambda o: o.storageVolLookupByName(name).delete(0))

    def create(self, xml: str) -> None:
        """Create."""
        self._call(("create", "/dev/stdin"), lambda c: c.createXML(xml, 0))

    def start(self, kind: str, name: str) -> None:
        """Start."""
        self._of(kind, name, "start", lambda o: o.create())

    def destroy(self, kind: str, name: str) -> None:
        """Destroy."""
        self._of(kind, name, "destroy", lambda o: o.destroy())

    def shutdown(self, name: str) -> None:
        """Ask."""
        self._of("domain", name, "shutdown", lambda o: o.shutdown())

    def set_memory(self, name: str, kibibytes: int, live: bool) -> None:
        """Set."""
        self._of(
            "domain",
            name,
            "setmem",
            lambda o: o.setMemoryFlags(kibibytes, _FLAG[live]),
            str(kibibytes),
            scope(live),
        )

    def set_vcpus(self, name: str, count: int, live: bool) -> None:
        """Set."""
        self._of(
            "domain",
            name,
            "setvcpus",
            lambda o: o.setVcpusFlags(count, _FLAG[live]),
            str(count),
            scope(live),
        )

    def attach(self, name: str, xml: str, live: bool) -> None:
        """Attach."""
        more = ("/dev/stdin", scope(live))
        self._of(
            "domain", name, "attach-device", lambda o: o.attachDeviceFlags(xml, _FLAG[live]), *more
        )

    def detach(self, name: str, xml: str, live: bool) -> None:
        """Detach."""
        more = ("/dev/stdin", scope(live))
        self._of(
            "domain", name, "detach-device", lambda o: o.detachDeviceFlags(xml, _FLAG[live]), *more
        )

    def set_metadata(self, name: str, namespace: str, xml: str) -> None:
        """Set."""
        more = ("--uri", namespace, "--key", "kvmha", "--set", xml, scope(True))
        self._of(
            "domain",
            name,
            "metadata",
            lambda o: o.setMetadata(_ELEMENT, xml, "kvmha", namespace, _FLAG[True]),
            *more,
        )

    def _of(self, kind: str, name: str, verb: str, do: Callable[[Any], T], *more: str) -> T:
        """Call ``do`` with the object called ``name``; ``more`` are virsh's words after it."""
        asked = (f"{PREFIX[kind]}{verb}", name, *more)
        return self._call(asked, lambda c: do(getattr(c, _FIND[kind])(name)))

    def _pool(self, asked: tuple[str, ...], pool: str, do: Callable[[Any], T]) -> T:
        return self._call(asked, lambda c: do(c.storagePoolLookupByName(pool)))

    def _call(self, asked: tuple[str, ...], do: Callable[[Any], T]) -> T:
        """Return what ``do`` makes of the connection; ``asked`` is virsh's word for it."""
        library = importlib.import_module("libvirt")
        # Its own handler prints every error to standard error.
        library.registerErrorHandler(lambda *_: None, None)
        answer: dict[str, Any] = {}

        def work() -> None:
            try:
                if self._connection is None or not self._connection.isAlive():
                    self._connection = library.open(self._uri)
                answer["is"] = do(self._connection)
            except Exception as error:
                answer["error"] = error

        thread = threading.Thread(target=work, name=f"libvirt {asked[0]}", daemon=True)
        thread.start()
        thread.join(TIMEOUT)
        if thread.is_alive():
            argv = ["virsh", "--quiet", "--connect", self._uri, *asked]
            raise CommandFailed(argv, None, f"stopped after {TIMEOUT:g} s", hint=HINT)
        error = answer.get("error")
        if isinstance(error, library.libvirtError):
            said = error.get_error_message() or str(error)
            if error.get_error_code() == library.VIR_ERR_NO_DOMAIN:
                said = f"failed to get domain '{asked[1]}'"  # drivers have words of their own
            raise failed(self._uri, asked, said) from None
        if error is not None:
            raise error
        found: T = answer["is"]
        return found


def _volume_xml(pool: Any, name: str) -> str:
    return str(pool.storageVolLookupByName(name).XMLDesc(0))
