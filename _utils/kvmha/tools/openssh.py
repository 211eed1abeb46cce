"""The ssh of this node: root's key for migrations, and the files that say whom it trusts."""

from __future__ import annotations

import pwd
import shutil
from pathlib import Path

from kvmha.build import migration_access
from kvmha.build.migration_access import Identity, Observed, Wanted
from kvmha.documents import marked_block, openssh
from kvmha.errors import KvmhaError
from kvmha.plan import Plan
from kvmha.tools import files
from kvmha.tools.runner import Runner

HOST_KEYS = "/etc/ssh"


class Ssh:
    """Root's ssh on this node, and the authorized_keys of ``user``, who is root unless said.

    ``home`` is where root's files are, by default its home; tests name another.
    """

    def __init__(self, runner: Runner, user: str = "", home: str = "") -> None:
        self._runner = runner
        self._user = user
        own = home or _home("root")
        self._folder = Path(own, ".ssh")
        self._authorized = Path(_home(user) if user else own, ".ssh", "authorized_keys")
        self._key = self._folder / migration_access.KEY

    def observe(self) -> Observed:
        """Return what there is, without starting a program."""
        return Observed(
            has_key=self._key.exists() and self._public.exists(),
            config=files.read(self._folder / "config"),
            authorized=files.read(self._authorized),
            known=files.read(migration_access.KNOWN_HOSTS),
        )

    def identity(self) -> Identity | None:
        """Return this node's public keys, None while it has no key of its own.

        A host without an sshd has no host keys: nobody can reach it.
        """
        text = files.read(self._public)
        if text is None or not self._key.exists():
            return None
        hosts = sorted(Path(HOST_KEYS).glob("ssh_host_*_key.pub"))
        known = []
        for path in hosts:
            try:
                known.append(openssh.public_key(files.read(path) or ""))
            except KvmhaError:  # DSA, certificates: nobody needs them
                continue
        return Identity(openssh.public_key(text), tuple(known))

    def apply(self, want: Wanted, seen: Observed, todo: Plan) -> None:
        """Do what ``migration_access.plan`` found."""
        addresses = {change.address for change in todo.changes}
        if f"ssh:{migration_access.KEY}" in addresses:
            self._make() if want.key else self._remove()
        paths = {
            "config": (self._folder / "config", 0o600),
            "authorized_keys": (self._authorized, 0o600),
            "known_hosts": (Path(migration_access.KNOWN_HOSTS), 0o644),
        }
        for name, text, lines in migration_access.files(want, seen):
            if f"ssh:{name}" in addresses:
                path, mode = paths[name]
                self._write(path, marked_block.replace(text or "", lines), mode)

    @property
    def _public(self) -> Path:
        return self._key.with_name(f"{self._key.name}.pub")

    def _make(self) -> None:
        """Make a key pair; under another name first, so that it is never there by half."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self._folder / f"{self._key.name}.new"
        public = new.with_name(f"{new.name}.pub")
        for path in (new, public):
            path.unlink(missing_ok=True)
        said = ["-t", "ed25519", "-N", "", "-C", migration_access.KEY, "-f", str(new)]
        self._runner.run(["ssh-keygen", "-q", *said], hint="install OpenSSH's client")
        public.replace(self._public)
        new.replace(self._key)
        files.sync(self._folder)

    def _remove(self) -> None:
        for path in (self._key, self._public):
            path.unlink(missing_ok=True)

    def _write(self, path: Path, text: str, mode: int) -> None:
        theirs = path == self._authorized and bool(self._user)
        if not path.parent.exists():
            path.parent.mkdir(mode=0o700, parents=True)
            if theirs:
                shutil.chown(path.parent, self._user)
        there = path.exists()
        files.write(path, text, mode=None if there else mode)
        if theirs:
            shutil.chown(path, self._user)


def _home(user: str) -> str:
    try:
        return pwd.getpwnam(user).pw_dir
    except KeyError:
        raise KvmhaError(
            f"there is no user {user} here, with whom VMs should migrate",
            hint="make it on every node, in the group libvirt, or leave libvirt.migration.user out",
        ) from None
