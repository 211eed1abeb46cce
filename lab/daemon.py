"""The lab itself: one process in namespaces of its own that everything else hangs from.

Started as ``python -m lab.daemon NAME`` by ``unshare``; it is process 1 of its pid namespace, so
when it ends, by whatever way, the kernel ends every node, the master and the network with it.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import socketserver
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

from lab import bmc, network, saltmaster, san
from lab.aptserver import serve_repository
from lab.errors import LabError
from lab.model import LabSpec, node_address
from lab.supervisor import Supervisor, create_disks


class Daemon:
    """Answers the control socket: each public method is a verb, its arguments come as JSON."""

    def __init__(self, spec: LabSpec) -> None:
        self._cuts: set[network.Pair] = set()
        self._lock = threading.Lock()
        self._held = True
        network.create(spec.nodes)
        create_disks(spec)
        serve_repository(spec.repository)
        saltmaster.write(spec)
        if spec.bmc:
            bmc.start(spec)
        self._spec = spec
        self._san = san.start(spec) if spec.iscsi else None
        self._master = saltmaster.start(spec)
        self._nodes = {s.name: s for s in (Supervisor(spec, n + 1) for n in range(spec.nodes))}
        for node in self._nodes.values():
            node.on()

    def status(self) -> dict[str, Any]:
        """Return the state of every node, the cuts and the Salt master."""
        return {
            "nodes": [n.state() for n in self._nodes.values()],
            "cuts": sorted(sorted(pair) for pair in self._cuts),
            "master": self._master.poll() is None,
        }

    def keep(self) -> None:
        """Stay when the one who started the lab ends; until then the lab ends with it."""
        self._held = False

    def answers(self, node: str) -> bool:
        """Tell whether the node's ssh server says hello."""
        address = (node_address(self._node(node).number), 22)
        try:
            with socket.create_connection(address, timeout=2) as connection:
                connection.settimeout(4)
                return connection.recv(4).startswith(b"SSH")
        except OSError:
            return False

    def power(self, node: str, to: str) -> dict[str, Any]:
        """Do ``on``, ``off``, ``kill``, ``freeze`` or ``thaw`` to a node."""
        supervisor = self._node(node)
        {
            "on": supervisor.on,
            "off": supervisor.off,
            "kill": supervisor.kill,
            "freeze": supervisor.freeze,
            "thaw": supervisor.thaw,
        }[to]()
        return supervisor.state()

    def kill_master(self) -> None:
        """End the Salt master with SIGKILL and start it again, as its init system would."""
        with self._lock:
            os.killpg(self._master.pid, signal.SIGKILL)
            self._master.wait()
            self._master = saltmaster.start(self._spec)

    def cut(self, one: str, two: str) -> None:
        """Drop all traffic between two nodes."""
        with self._lock:
            self._cuts.add(frozenset({self._node(one).number, self._node(two).number}))
            network.set_cuts(self._cuts)

    def heal(self) -> None:
        """Undo every cut."""
        with self._lock:
            self._cuts.clear()
            network.set_cuts(())

    def san_path(self, up: bool) -> None:
        """Take the second portal of the iSCSI target away, or give it back."""
        if self._san is None:
            raise LabError("this lab has no iSCSI target", "python -m lab up --iscsi")
        (san.path_up if up else san.path_down)()

    def mark_disk(self, node: str, disk: str, failed: bool) -> None:
        """Remember that a disk has failed, for the node's next boot."""
        failing = self._node(node).failed_disks
        (failing.add if failed else failing.discard)(disk)

    def _node(self, name: str) -> Supervisor:
        try:
            return self._nodes[name]
        except KeyError:
            known = ", ".join(self._nodes)
            raise LabError(f"no node is called '{name}'", f"nodes: {known}") from None

    def watch_starter(self, lifeline: int) -> None:
        """End the lab when its starter ends before it said ``keep``."""
        select.select([lifeline], [], [])
        if self._held:
            os._exit(1)


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        for line in self.rfile:
            answer = _answer(self.server.daemon, json.loads(line))  # type: ignore[attr-defined]
            self.wfile.write(json.dumps(answer).encode() + b"\n")


def _answer(daemon: Daemon, request: dict[str, Any]) -> dict[str, Any]:
    verb: Callable[..., Any] = getattr(daemon, request.pop("verb"))
    try:
        return {"result": verb(**request)}
    except LabError as error:
        return {"error": error.message, "hint": error.hint}
    except Exception:  # a bug of ours: said whole, and the lab goes on
        traceback.print_exc()
        return {"error": traceback.format_exc(), "hint": ""}


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, listener: socket.socket, daemon: Daemon) -> None:
        super().__init__("", _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.daemon = daemon


def main(name: str, lifeline: int) -> None:
    """Be process 1: hold the socket, fork the daemon, reap what is orphaned, end with it."""
    spec = LabSpec.read(name)
    socket.sethostname("lab-master")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(spec.paths.socket))
    listener.listen(64)  # peers see the pid of who listens: this one
    child = os.fork()
    if child == 0:
        _serve(spec, listener, lifeline)
    os.close(lifeline)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    while os.wait()[0] != child:
        pass


def _serve(spec: LabSpec, listener: socket.socket, lifeline: int) -> None:
    try:
        daemon = Daemon(spec)
        threading.Thread(target=daemon.watch_starter, args=(lifeline,), daemon=True).start()
        _Server(listener, daemon).serve_forever()
    except BaseException:
        traceback.print_exc()
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
