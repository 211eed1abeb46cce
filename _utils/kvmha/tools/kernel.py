"""Kernel modules, and the cluster stack that OCFS2 talks to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from kvmha.errors import KvmhaError
from kvmha.tools import files
from kvmha.tools.runner import Runner

STACK = "sys/fs/ocfs2/cluster_stack"
PLUGINS = "sys/fs/ocfs2/loaded_cluster_plugins"


def has(name: str, root: Path = Path("/")) -> bool:
    """Tell whether the running kernel has module ``name``, loaded or built in."""
    if (root / "sys/module" / name).exists():
        return True
    if name == "ocfs2_stack_user":
        return "user" in (files.read(root / PLUGINS) or "").split()
    filesystems = (files.read(root / "proc/filesystems") or "").split()
    return name in filesystems or is_built_in(name, root)


def is_built_in(name: str, root: Path = Path("/")) -> bool:
    """Tell whether ``name`` is part of the kernel itself and so never needs loading."""
    listed = root / "lib/modules" / os.uname().release / "modules.builtin"
    wanted = {f"{name}.ko", f"{name.replace('_', '-')}.ko"}
    return any(line.rpartition("/")[2] in wanted for line in (files.read(listed) or "").split())


def can_load(name: str, root: Path = Path("/")) -> bool:
    """Tell whether the running kernel has module ``name``, or could load it from its folder."""
    listed = root / "lib/modules" / os.uname().release / "modules.dep"
    spellings = {name.replace("-", "_"), name.replace("_", "-"), name}
    paths = [line.partition(":")[0] for line in (files.read(listed) or "").splitlines()]
    names = {path.rpartition("/")[2].partition(".ko")[0] for path in paths}
    return has(name, root) or not spellings.isdisjoint(names)


def needs_loading_at_boot(name: str, root: Path = Path("/")) -> bool:
    """Tell whether ``name`` is a real module; one that the kernel has without is built in."""
    loaded = {line.split()[0] for line in (files.read(root / "proc/modules") or "").splitlines()}
    return name in loaded or not has(name, root)


def load(runner: Runner, names: Sequence[str], root: Path = Path("/")) -> None:
    """Load the modules among ``names`` that the kernel does not have yet."""
    missing = [name for name in names if not has(name, root)]
    if missing:
        runner.run(
            ["modprobe", "--all", *missing],
            hint="install the kernel's package that carries the module "
            "(ocfs2 on SUSE: ocfs2-kmp-default; a cloud kernel may lack it altogether)",
        )


def stack(root: Path = Path("/")) -> str:
    """Return the cluster stack that OCFS2 uses (``o2cb`` or ``pcmk``), empty while unloaded."""
    return (files.read(root / STACK) or "").strip()


def is_online(stack_name: str, cluster: str, root: Path = Path("/")) -> bool:
    """Tell whether OCFS2's locks of ``cluster`` could be taken now: its stack has members."""
    folder = "dlm/cluster/comms" if stack_name == "pcmk" else f"cluster/{cluster}/node"
    members = root / "sys/kernel/config" / folder
    return members.is_dir() and any(members.iterdir())


def set_stack(name: str, root: Path = Path("/")) -> None:
    """Make ``name`` the cluster stack of OCFS2; the kernel refuses while a volume is mounted."""
    try:
        (root / STACK).write_text(f"{name}\n", encoding="ascii")
    except OSError as error:
        raise KvmhaError(
            f"the kernel does not take {name} as OCFS2's cluster stack: {error.strerror}",
            hint="unmount the OCFS2 volumes of the other stack; without /sys/fs/ocfs2, load ocfs2",
        ) from None
