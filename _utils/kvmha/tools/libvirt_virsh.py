"""libvirt by ``virsh``: one program a question. See ``kvmha.tools.libvirt`` for what each means.

Only output that is made for programs is read (``--raw``, ``--name``, XML), and the list of volumes,
which has no such form.
"""

from __future__ import annotations

import re

from kvmha.errors import CommandFailed
from kvmha.tools.runner import Runner

HINT = "is the libvirt daemon running? see: salt-call libvirt_domain.status"
# Of each kind: what its commands begin with.
PREFIX = {"domain": "", "network": "net-", "pool": "pool-"}
_MARK = "==next=="
_VOLUME = re.compile(r"\s?(.+?)\s{2,}(/.*?)\s*\Z")
_CPU = {"identical": "identical", "superset": "superset", "incompatible": "incompatible"}


class Virsh:
    """Answers by running ``virsh``; XML goes in by standard input."""

    def __init__(self, runner: Runner, uri: str) -> None:
        self._runner = runner
        self._uri = uri

    def stats(self) -> dict[str, dict[str, int]]:
        """Return domain -> state and processor time."""
        return parse_domstats(self._run("domstats", "--state", "--cpu-total", "--raw"))

    def names(self, kind: str) -> tuple[list[str], list[str], list[str]]:
        """Return the names of all, of those active, of those with autostart; one program."""
        verb = f"{PREFIX[kind]}list"
        asked = (f"{verb} --all --name", f"{verb} --name", f"{verb} --all --name --autostart")
        said = self._run(f"; echo {_MARK}; ".join(asked))
        there, active, autostart = (part.split() for part in said.split(_MARK))
        return there, active, autostart

    def xml(self, kind: str, name: str, inactive: bool) -> str:
        """Return XML."""
        more = ["--inactive"] if inactive else []
        return self._run(f"{PREFIX[kind]}dumpxml", name, *more)

    def capabilities(self) -> str:
        """Return XML."""
        return self._run("capabilities")

    def compare_cpu(self, xml: str) -> str:
        """Return virsh's word for it; it exits with 1 where the processors do not fit."""
        try:
            said = self._run("cpu-compare", "/dev/stdin", xml=xml)
        except CommandFailed as error:
            said = error.output
            if "is incompatible with" not in said:
                raise
        return next(word for word in _CPU if word in said)

    def volumes(self, pool: str) -> dict[str, str]:
        """Return name -> path."""
        self._run("pool-refresh", pool)
        lines = self._run("vol-list", pool).splitlines()
        return {match[1]: match[2] for match in map(_VOLUME.match, lines) if match}

    def volume_xml(self, pool: str, name: str) -> str:
        """Return XML."""
        return self._run("vol-dumpxml", "--pool", pool, name)

    def define(self, kind: str, xml: str) -> None:
        """Define."""
        self._run(f"{PREFIX[kind]}define", "/dev/stdin", xml=xml)

    def undefine(self, kind: str, name: str) -> None:
        """Undefine."""
        self._run(f"{PREFIX[kind]}undefine", name)

    def set_autostart(self, kind: str, name: str, on: bool) -> None:
        """Switch autostart."""
        self._run(f"{PREFIX[kind]}autostart", *([] if on else ["--disable"]), name)

    def build_pool(self, name: str) -> None:
        """Build."""
        self._run("pool-build", name)

    def create_volume(self, pool: str, xml: str) -> None:
        """Create."""
        self._run("vol-create", pool, "/dev/stdin", xml=xml)

    def delete_volume(self, pool: str, name: str) -> None:
        """Delete."""
        self._run("vol-delete", "--pool", pool, name)

    def create(self, xml: str) -> None:
        """Create."""
        self._run("create", "/dev/stdin", xml=xml)

    def start(self, kind: str, name: str) -> None:
        """Start."""
        self._run(f"{PREFIX[kind]}start", name)

    def destroy(self, kind: str, name: str) -> None:
        """Destroy."""
        self._run(f"{PREFIX[kind]}destroy", name)

    def shutdown(self, name: str) -> None:
        """Ask."""
        self._run("shutdown", name)

    def set_memory(self, name: str, kibibytes: int, live: bool) -> None:
        """Set."""
        self._run("setmem", name, str(kibibytes), scope(live))

    def set_vcpus(self, name: str, count: int, live: bool) -> None:
        """Set."""
        self._run("setvcpus", name, str(count), scope(live))

    def attach(self, name: str, xml: str, live: bool) -> None:
        """Attach."""
        self._run("attach-device", name, "/dev/stdin", scope(live), xml=xml)

    def detach(self, name: str, xml: str, live: bool) -> None:
        """Detach."""
        self._run("detach-device", name, "/dev/stdin", scope(live), xml=xml)

    def set_metadata(self, name: str, namespace: str, xml: str) -> None:
        """Set."""
        words = ("--uri", namespace, "--key", "kvmha", "--set", xml, scope(True))
        self._run("metadata", name, *words)

    def _run(self, *words: str, xml: str | None = None) -> str:
        argv = ["virsh", "--quiet", "--connect", self._uri, *words]
        try:
            return self._runner.run(argv, stdin=xml, hint=HINT).stdout
        except CommandFailed as error:
            if error.returncode in (None, 127):
                raise
            # The last of its lines is libvirt's own; those before say what virsh was at.
            lines = [line.removeprefix("error: ") for line in error.output.splitlines()]
            said = next((line for line in reversed(lines) if line.strip()), error.output)
            raise failed(self._uri, words, said) from None


def failed(uri: str, words: tuple[str, ...], said: str) -> CommandFailed:
    """Return the error that both ways raise: the command that shows it, and libvirt's words."""
    return CommandFailed(["virsh", "--quiet", "--connect", uri, *words], 1, said, hint=HINT)


def parse_domstats(text: str) -> dict[str, dict[str, int]]:
    """Return the domains in what ``virsh domstats --raw`` printed, and their numbers."""
    found = {}
    for block in text.split("Domain: '")[1:]:
        head, *lines = block.splitlines()
        pairs = (line.strip().partition("=")[::2] for line in lines if "=" in line)
        numbers = {key: int(value) for key, value in pairs if value.isdecimal()}
        found[head.rstrip().removesuffix("'")] = numbers
    return found


def scope(live: bool) -> str:
    """Return virsh's word for the running domain, or for its definition."""
    return "--live" if live else "--config"
