"""Labs as objects, for tests: ``with Lab("x").up(nodes=3) as lab: lab.node("ha-host1").run(...)``.

Each verb returns when what it promises holds, or raises LabError that says what was missing.
"""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from lab import control, evidence, images, needs, recipe, saltmaster, shell
from lab.errors import LabError
from lab.model import CHECKOUT, MAX_NODES, STATE_ROOT, LabSpec, Paths, check_name
from lab.shell import Command, Result

Say = Callable[[str], None]
BOOT_TIMEOUT = 240.0  # seconds until a node answers ssh; about 14 when nothing else runs
PING_TIMEOUT = 300.0
DEFAULT_PILLAR = CHECKOUT / "pillar/examples/lab.sls"


class Node:
    """One machine of a lab."""

    def __init__(self, lab: Lab, name: str) -> None:
        self.lab = lab
        self.name = name

    def run(self, command: Command, timeout: float = 120, check: bool = True,
            text: str | None = None) -> Result:  # fmt: skip
        """Run a command (argument list, or a line for the node's shell) as root.

        text: its standard input. check: raise CommandError when its status is not 0.
        """
        words = [*self.lab.ssh_words(self.name), shell.as_line(command)]
        what = f"{self.name}: {shell.as_line(command)[:120]}"
        return shell.execute(words, what, timeout, check, text=text)

    def state(self) -> dict[str, Any]:
        """Return power, boots and failed disks, as seen from outside."""
        nodes = self.lab.status()["nodes"]
        return dict(next(n for n in nodes if n["name"] == self.name))

    def wait(self, timeout: float = BOOT_TIMEOUT) -> None:
        """Wait until ssh answers."""
        deadline = time.monotonic() + timeout
        while not self.lab.ask("answers", node=self.name):
            if time.monotonic() > deadline:
                tail = control.log_tail(self.lab.paths.console(self.name))
                raise LabError(f"after {timeout:.0f} s {self.name} does not answer ssh: {tail}")
            time.sleep(0.3)

    def __repr__(self) -> str:
        return f"<Node {self.name} of lab {self.lab.name}>"


class Master:
    """The lab's Salt master: commands run beside it, with ``salt`` on the PATH."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def run(self, command: Command, timeout: float = 300, check: bool = True,
            text: str | None = None) -> Result:  # fmt: skip
        """Run a command in the lab's namespaces; see :meth:`Node.run`."""
        words = [*control.inside(self.lab.paths), "sh", "-c", shell.as_line(command)]
        what = f"master: {shell.as_line(command)[:120]}"
        environment = saltmaster.environment(self.lab.spec)
        return shell.execute(words, what, timeout, check, environment=environment, text=text)

    def kill(self) -> None:
        """Crash the master and start it again; :meth:`Lab.wait_minions` waits for its minions."""
        self.lab.ask("kill_master")


class Lab:
    """A lab by its name, whether it is up or not.

    As a context manager it takes the lab down at the end.
    """

    def __init__(self, name: str = "lab", say: Say = lambda _: None) -> None:
        check_name(name)
        self.name = name
        self.paths = Paths(STATE_ROOT / name)
        self.master = Master(self)
        self._say = say

    @property
    def spec(self) -> LabSpec:
        """Return what was asked for when the lab was started."""
        return LabSpec.read(self.name)

    @property
    def nodes(self) -> list[Node]:
        """Return the nodes in order."""
        return [Node(self, name) for name in self.spec.node_names]

    def node(self, name: str) -> Node:
        """Return a node by its name; LabError when there is none."""
        known = self.spec.node_names
        if name not in known:
            raise LabError(f"no node is called '{name}'", f"nodes: {', '.join(known)}")
        return Node(self, name)

    def is_up(self) -> bool:
        """Tell whether the lab's daemon is there."""
        return control.daemon_pid(self.paths) is not None

    # -- start and end ---------------------------------------------------------------------------

    def up(
        self, nodes: int = 3, salt: str = "3006", image: str = "prepared", mem: str = "1024M",
        pillar: Path | str | None = None, *, bmc: bool = False, iscsi: bool = False,
    ) -> Lab:  # fmt: skip
        """Boot the lab and wait until every minion answers ``test.ping``.

        ``bmc`` gives each node a board controller, see ``lab.bmc``.

        Images are built when they are not in the cache (minutes). Whatever goes wrong, Ctrl-C
        included, takes everything down again.
        """
        if self.is_up():
            raise LabError(f"lab '{self.name}' is up already", "python -m lab down")
        if not 1 <= nodes <= MAX_NODES:
            raise LabError(f"{nodes} nodes: 1 to {MAX_NODES} are possible")
        control.remove_leftovers()
        needs.check(bmc=bmc, iscsi=iscsi)
        start = time.monotonic()
        extras = {"bmc": bmc, "iscsi": iscsi}
        spec = self._prepare(nodes, salt, image, mem, _pillar_file(pillar), extras=extras)
        daemon = None
        try:
            daemon = control.start(spec)
            self._wait_up()
            daemon.let_go(self.paths)
        except BaseException:
            control.stop(self.paths)
            if daemon:
                daemon.wait_end()
            raise
        self._say(f"lab '{self.name}' is up: {time.monotonic() - start:.1f} s")
        return self

    def _prepare(
        self, nodes: int, salt: str, kind: str, mem: str, pillar: str, *,
        extras: dict[str, bool],
    ) -> LabSpec:  # fmt: skip
        with self._timed(f"image {kind}"):
            image, repository = images.image(kind), images.roots() / "apt"
        with self._timed(f"salt {recipe.SALT_VERSIONS[salt]} for the master"):
            venv = images.master_venv(salt)
        self.paths.root.mkdir(parents=True, mode=0o755)
        spec = LabSpec(
            name=self.name, nodes=nodes, salt=salt, kind=kind, mem=mem, image=str(image),
            repository=str(repository), venv=str(venv), pillar=pillar, **extras,
        )  # fmt: skip
        spec.save()
        shell.write_ssh_config(spec)
        return spec

    def _wait_up(self) -> None:
        start = time.monotonic()
        while not self.is_up():
            if time.monotonic() > start + 10:
                tail = control.log_tail(self.paths.log)
                raise LabError(f"the lab's daemon did not start: {tail}", f"see {self.paths.log}")
            time.sleep(0.05)
        for node in self.nodes:
            node.wait()
            self._say(f"  {node.name} answers ssh: {time.monotonic() - start:.1f} s")
        self.wait_minions(since=start)

    def wait_minions(self, timeout: float = PING_TIMEOUT, since: float | None = None) -> None:
        """Wait until every minion answers ``test.ping``."""
        start = time.monotonic() if since is None else since
        spec = self.spec
        script = Path(__file__).parent / "ping.py"
        argv = [
            *control.inside(self.paths), f"{spec.venv}/bin/python", "-P", str(script),
            str(spec.paths.salt_etc), str(timeout), *spec.node_names,
        ]  # fmt: skip
        with subprocess.Popen(
            argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=saltmaster.environment(spec),
        ) as process:  # fmt: skip
            assert process.stdout and process.stderr
            for line in process.stdout:
                self._say(f"  {line.strip()} answers test.ping: {time.monotonic() - start:.1f} s")
            why = process.stderr.read().strip().splitlines()
        if process.returncode:
            log = spec.paths.salt / "master.log"
            raise LabError(f"after {timeout:.0f} s: {why[-1] if why else '?'}", f"see {log}")

    def down(self) -> None:
        """End everything of the lab and remove its folder; nothing to do is fine."""
        control.stop(self.paths)

    def __enter__(self) -> Lab:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.down()

    # -- power -----------------------------------------------------------------------------------

    def kill(self, node: str) -> None:
        """Cut a node's power; it boots again by itself (``node(...).wait()`` waits for that)."""
        self.ask("power", node=node, to="kill")

    def off(self, node: str) -> None:
        """Cut a node's power and keep it off."""
        self.ask("power", node=node, to="off")

    def on(self, node: str, wait: bool = True) -> None:
        """Give a node power, and wait until ssh answers."""
        self.ask("power", node=node, to="on")
        if wait:
            self.node(node).wait()

    def freeze(self, node: str) -> None:
        """Stop a node in its tracks; it neither answers nor resets its connections."""
        self.ask("power", node=node, to="freeze")

    def thaw(self, node: str) -> None:
        """Let a frozen node go on."""
        self.ask("power", node=node, to="thaw")

    # -- faults ----------------------------------------------------------------------------------

    def cut(self, one: str, two: str) -> None:
        """Drop all traffic between two nodes, both ways, until :meth:`heal`."""
        self.ask("cut", one=one, two=two)

    def heal(self) -> None:
        """Undo every cut."""
        self.ask("heal")

    def disk_fail(self, node: str, disk: str) -> None:
        """Give a node I/O errors on a shared disk, until :meth:`disk_heal`, reboots included."""
        self._switch_disk(node, disk, failed=True)

    def disk_heal(self, node: str, disk: str) -> None:
        """End the I/O errors of :meth:`disk_fail`."""
        self._switch_disk(node, disk, failed=False)

    def san_path_fail(self) -> None:
        """Make the second portal of the iSCSI target silent, until :meth:`san_path_heal`."""
        self.ask("san_path", up=False)

    def san_path_heal(self) -> None:
        """End :meth:`san_path_fail`."""
        self.ask("san_path", up=True)

    def _switch_disk(self, node: str, disk: str, failed: bool) -> None:
        if disk not in recipe.SHARED_DISKS:
            known = ", ".join(recipe.SHARED_DISKS)
            raise LabError(f"no shared disk is called '{disk}'", f"disks: {known}")
        self.ask("mark_disk", node=node, disk=disk, failed=failed)
        if self.node(node).state()["power"] == "on":
            self.node(node).run(["lab-disk", "fail" if failed else "heal", disk], timeout=30)

    # -- looking ---------------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """Return the nodes' power, boots and failed disks, the cuts, whether the master runs."""
        return dict(self.ask("status"))

    def evidence(self, folder: Path | str | None = None) -> Path:
        """Collect journals, cluster state, consoles and logs into one folder; return it."""
        return evidence.collect(self, Path(folder) if folder else None)

    def ask(self, verb: str, **arguments: object) -> Any:
        """Ask the daemon; for the verbs above."""
        return control.request(self.paths, verb, **arguments)

    def ssh_words(self, node: str) -> list[str]:
        """Return the command words that run what follows on a node."""
        self.node(node)
        return [*control.inside(self.paths), *shell.ssh_words(self.spec, node)]

    @contextlib.contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        start = time.monotonic()
        yield
        self._say(f"  {what}: {time.monotonic() - start:.1f} s")


def _pillar_file(given: Path | str | None) -> str:
    if given is None:
        return str(DEFAULT_PILLAR) if DEFAULT_PILLAR.is_file() else ""
    if not Path(given).is_file():
        raise LabError(f"there is no pillar file {given}")
    return str(Path(given).resolve())
