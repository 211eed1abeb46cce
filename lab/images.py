"""Root file systems of the nodes, the package repository, and the Salt environments.

Three layers, each cached by a hash of its recipe: *wheels* (and the master's venvs), *roots*
(mmdebstrap: ``bare.tar``, ``prepared.tar`` and the repository), *image* (root + overlay as ext4).
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path

from lab import cache, recipe, sources
from lab.errors import LabError

HERE = Path(__file__).parent / "image"
OVERLAY = HERE / "overlay"
UML_MODULES = Path("/usr/lib/uml/modules")


def wheels() -> Path:
    """Return a folder with the wheels of both Salt lines, one subfolder a line."""
    key = cache.digest(recipe.PYTHON, recipe.SALT_VERSIONS, recipe.SALT_EXTRAS)

    def make(folder: Path) -> None:
        for line, version in recipe.SALT_VERSIONS.items():
            wanted = [f"salt=={version}", *recipe.SALT_EXTRAS]
            _logged("wheels", [python(), "-m", "pip", "wheel", "-q", "-w", folder / line, *wanted])

    return cache.made("wheels", key, make)


def master_venv(line: str) -> Path:
    """Return the Salt environment of the master on this machine."""
    version = recipe.SALT_VERSIONS[line]
    key = cache.digest(python(), version, recipe.SALT_EXTRAS)

    def make(folder: Path) -> None:
        source = wheels() / line
        _logged(f"salt-{line}", [python(), "-m", "venv", folder])
        pip = [folder / "bin/python", "-m", "pip", "install", "-q", "--no-index"]
        wanted = ["--find-links", source, f"salt=={version}", *recipe.SALT_EXTRAS]
        _logged(f"salt-{line}", [*pip, *wanted])
        _relocate(folder, cache.path_of(f"salt-{line}", key))

    return cache.made(f"salt-{line}", key, make)


def _relocate(venv: Path, final: Path) -> None:
    """Make the programs of ``venv`` name the folder it is about to be renamed to."""
    for program in (venv / "bin").iterdir():
        if program.is_file() and not program.is_symlink():
            program.write_bytes(program.read_bytes().replace(bytes(venv), bytes(final)))


def roots() -> Path:
    """Return a folder with ``bare.tar``, ``prepared.tar`` and ``apt/`` (the repository)."""
    key = cache.digest(
        recipe.SUITE, recipe.BASE_PACKAGES, recipe.HOST_PACKAGES, recipe.CLUSTER_PACKAGES,
        recipe.DISABLED_UNITS,
        recipe.SALT_VERSIONS, recipe.SALT_EXTRAS, sorted(p.name for p in UML_MODULES.glob("*")),
        HERE / "bare.sh", HERE / "prepared.sh", OVERLAY / "etc/dpkg/dpkg.cfg.d/lab",
    )  # fmt: skip

    def make(folder: Path) -> None:
        lists = folder / "host.sources"
        lists.write_text(sources.of_host(recipe.SUITE))
        environment = {
            "WHEELS": wheels(),
            "MODULES": UML_MODULES,
            "SALT_LINES": " ".join(f"{k}={v}" for k, v in recipe.SALT_VERSIONS.items()),
            "PACKAGES": " ".join(recipe.CLUSTER_PACKAGES),
            "DISABLE": " ".join(recipe.DISABLED_UNITS),
            "OUT": folder,
            "TMPDIR": folder / "tmp",
        }
        (folder / "tmp").mkdir()
        _logged("roots", _mmdebstrap(lists), environment)
        _index(folder / "apt")
        lists.unlink()
        (folder / "tmp").rmdir()

    return cache.made("roots", key, make)


def _mmdebstrap(lists: Path) -> list[str | Path]:
    """Build in namespaces of its own: whatever ends it, no mount and no process stays."""
    return [
        "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
        "mmdebstrap", "--variant=apt", "--format=null", "--skip=cleanup/apt/lists",
        f"--include={','.join(recipe.BASE_PACKAGES + recipe.HOST_PACKAGES)}",
        "--aptopt=APT::Install-Recommends \"false\"",
        f"--dpkgopt={OVERLAY / 'etc/dpkg/dpkg.cfg.d/lab'}",
        f"--customize-hook=sh {HERE / 'bare.sh'} \"$1\"",
        f"--customize-hook=sh {HERE / 'prepared.sh'} \"$1\"",
        recipe.SUITE, "/dev/null", lists,
    ]  # fmt: skip


def _index(repository: Path) -> None:
    packages = subprocess.run(
        ["apt-ftparchive", "packages", "."], cwd=repository, check=True, stdout=subprocess.PIPE
    ).stdout
    (repository / "Packages").write_bytes(packages)
    release = subprocess.run(
        ["apt-ftparchive", "release", "."], cwd=repository, check=True, stdout=subprocess.PIPE
    ).stdout
    (repository / "Release").write_bytes(release)


def image(kind: str) -> Path:
    """Return a folder with ``root.ext4`` of ``kind`` and the key that opens its nodes."""
    base = roots()
    key = cache.digest(base.name, recipe.IMAGE_SIZE, OVERLAY)

    def make(folder: Path) -> None:
        tree = folder / "tree"
        tree.mkdir()
        tree.chmod(0o755)
        _logged(kind, ["tar", "-C", tree, "--numeric-owner", "--xattrs", "-xpf",
                       base / f"{kind}.tar"])  # fmt: skip
        _add_mount_points(tree)
        _logged(kind, ["cp", "-a", "--no-preserve=ownership", f"{OVERLAY}/.", tree])
        _logged(kind, ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f",
                       folder / "key"])  # fmt: skip
        _authorize(tree, folder / "key.pub")
        _logged(kind, ["mke2fs", "-q", "-t", "ext4", "-m", "0", "-J", "size=16", "-N", "150000",
                       "-E", "assume_storage_prezeroed=1,root_owner=0:0", "-d", tree,
                       folder / "root.ext4", recipe.IMAGE_SIZE])  # fmt: skip
        shutil.rmtree(tree)

    return cache.made(f"image-{kind}", key, make)


def _add_mount_points(tree: Path) -> None:
    """Make what a root needs before systemd has mounted anything."""
    for name in ("proc", "sys", "dev", "run"):
        (tree / name).mkdir()
        (tree / name).chmod(0o755)
    for name, minor in (("console", (5, 1)), ("null", (1, 3))):
        os.mknod(tree / "dev" / name, 0o600 | stat.S_IFCHR, os.makedev(*minor))


def _authorize(tree: Path, public_key: Path) -> None:
    folder = tree / "root/.ssh"
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / "authorized_keys").write_bytes(public_key.read_bytes())
    (folder / "authorized_keys").chmod(0o600)


def python() -> str:
    """Return an interpreter of the nodes' Python version that has pip and venv."""
    base = "import sys; print(sys._base_executable)"  # not a virtual environment's
    probe = (
        "import os, sys, sysconfig, pip, venv, ensurepip;"
        "os.stat(sysconfig.get_path('include') + '/Python.h');"
        "print('%d.%d' % sys.version_info[:2])"
    )
    for name in ("python3", f"python{recipe.PYTHON}", f"/usr/bin/python{recipe.PYTHON}"):
        found = shutil.which(name)
        found = found and _output([found, "-c", base])
        if found and _output([found, "-c", probe]) == recipe.PYTHON:
            return found
    raise LabError(
        f"the nodes' wheels need Python {recipe.PYTHON} with pip, venv and headers; none was found",
        "apt-get install --yes python3-pip python3-venv python3-dev",
    )


def _output(argv: list[str]) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout.strip()


def _logged(
    name: str, argv: Sequence[object], environment: dict[str, object] | None = None
) -> None:
    """Run ``argv`` with its output in the log ``name``; a failure quotes the log's end."""
    log = cache.log_path(name)
    extra = {key: str(value) for key, value in (environment or {}).items()}
    with log.open("a") as out:
        out.write(f"+ {' '.join(map(str, argv))}\n")
        out.flush()
        done = subprocess.run(
            list(map(str, argv)), stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            env={**os.environ, **extra}, check=False,
        )  # fmt: skip
    if done.returncode:
        tail = " | ".join(log.read_text(errors="replace").splitlines()[-3:])
        raise LabError(f"{argv[0]} ended with status {done.returncode}: {tail}", f"see {log}")
