"""What a lab is: names, addresses, folders. No processes are started here."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from lab import recipe
from lab.errors import LabError

STATE_ROOT = Path("/dev/shm/kvmha-lab")
CHECKOUT = Path(__file__).resolve().parents[1]
MASTER_ADDRESS = "192.168.56.1"
MAX_NODES = 9


@dataclass(frozen=True)
class LabSpec:
    """A lab as it was asked for.

    mem: memory of each node, with its unit (``1024M``).
    image, repository, venv: folders of the cache. bmc: whether nodes have board controllers.
    iscsi: with an iSCSI target beside the shared disks, see ``lab.san``.
    """

    name: str
    nodes: int
    salt: str
    kind: str
    mem: str
    image: str
    repository: str
    venv: str
    pillar: str
    bmc: bool = False
    iscsi: bool = False

    @property
    def paths(self) -> Paths:
        """Return the lab's folders."""
        return Paths(STATE_ROOT / self.name)

    @property
    def node_names(self) -> list[str]:
        """Return the nodes' names in order."""
        return [node_name(i) for i in range(1, self.nodes + 1)]

    def save(self) -> None:
        """Write the spec where the daemon and later commands read it."""
        self.paths.spec.write_text(json.dumps(asdict(self), indent=1))

    @classmethod
    def read(cls, name: str) -> LabSpec:
        """Return the spec of the lab ``name``; LabError when there is none."""
        try:
            return cls(**json.loads(Paths(STATE_ROOT / name).spec.read_text()))
        except FileNotFoundError:
            raise LabError(f"lab '{name}' is not up", "python -m lab up") from None


@dataclass(frozen=True)
class Paths:
    """The folders and files of one lab. Short: unix sockets allow 107 characters."""

    root: Path

    @property
    def spec(self) -> Path:
        """Return the file that says what was asked for."""
        return self.root / "lab.json"

    @property
    def socket(self) -> Path:
        """Return the daemon's control socket."""
        return self.root / "control"

    @property
    def log(self) -> Path:
        """Return the daemon's log."""
        return self.root / "daemon.log"

    @property
    def ssh_config(self) -> Path:
        """Return the ssh configuration that reaches the nodes."""
        return self.root / "ssh_config"

    @property
    def salt(self) -> Path:
        """Return the master's root folder."""
        return self.root / "s"

    @property
    def salt_etc(self) -> Path:
        """Return the master's configuration folder."""
        return self.root / "s/etc"

    def disk(self, name: str) -> Path:
        """Return the file behind a shared disk."""
        return self.root / f"{name}.img"

    def cow(self, node: str) -> Path:
        """Return the file with what ``node`` wrote to its root disk."""
        return self.root / f"{node}.cow"

    def console(self, node: str) -> Path:
        """Return the file with ``node``'s console."""
        return self.root / f"{node}.console"

    def mux(self, node: str) -> Path:
        """Return the socket of the shared ssh connection to ``node``."""
        return self.root / f"{node}.mux"


def node_name(number: int) -> str:
    """Return the name of node ``number`` (from 1)."""
    return f"ha-host{number}"


def node_number(name: str) -> int:
    """Return the number of the node called ``name``."""
    return int(name.removeprefix("ha-host"))


def node_address(number: int) -> str:
    """Return the address of node ``number``."""
    return f"192.168.56.{100 + number}"


def disk_devices() -> dict[str, str]:
    """Return each shared disk's device on a node, before device-mapper wraps it."""
    letters = "bcdefghijklmnop"
    pairs = zip(recipe.SHARED_DISKS, letters, strict=False)
    return {name: f"ubd{letter}" for name, letter in pairs}


def check_name(name: str) -> None:
    """Refuse a lab name that would not do as a folder or in a socket's path."""
    if not name.replace("-", "").isalnum() or len(name) > 20:
        raise LabError(f"'{name}' is no lab name", "letters, digits and dashes, at most 20")
