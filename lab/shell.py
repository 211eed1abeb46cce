"""Runs commands on the nodes (by ssh) and beside the master, in the lab's namespaces."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.errors import CommandError, LabError
from lab.model import LabSpec, node_address, node_number

Command = str | Sequence[str]
SSH_FAILED = 255


@dataclass(frozen=True)
class Result:
    """What a command did. ``seconds`` is wall time, the way there included."""

    returncode: int
    stdout: str
    stderr: str
    seconds: float


def as_line(command: Command) -> str:
    """Return a command as one shell line: a string as it is, an argument list quoted."""
    return command if isinstance(command, str) else shlex.join(command)


def execute(
    argv: list[str], what: str, timeout: float, check: bool, *,
    environment: Mapping[str, str] | None = None, text: str | None = None,
) -> Result:  # fmt: skip
    """Run ``argv``; LabError after ``timeout`` seconds, CommandError on a status other than 0."""
    start = time.monotonic()
    try:
        done = subprocess.run(
            argv, capture_output=True, timeout=timeout, env=environment, check=False,
            input=None if text is None else text.encode(),
            stdin=subprocess.DEVNULL if text is None else None,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise LabError(f"{what}: no end after {timeout:.0f} s") from None
    result = Result(
        done.returncode,
        done.stdout.decode(errors="replace"),
        done.stderr.decode(errors="replace"),
        time.monotonic() - start,
    )
    if check and result.returncode:
        said = (result.stderr.strip() or result.stdout.strip())[-500:]
        raise CommandError(f"{what}: status {result.returncode}: {said}", result.returncode, said)
    return result


def ssh_words(spec: LabSpec, node: str) -> list[str]:
    """Return the ssh command up to where the remote command begins."""
    return ["ssh", "-F", str(spec.paths.ssh_config), node]


def write_ssh_config(spec: LabSpec) -> None:
    """Write the configuration that reaches each node over one shared connection."""
    paths = spec.paths
    text = "".join(
        f"Host {node}\n  HostName {node_address(node_number(node))}\n"
        f"  ControlPath {paths.mux(node)}\n"
        for node in spec.node_names
    )
    text += (
        "Host *\n  User root\n"
        f"  IdentityFile {Path(spec.image) / 'key'}\n"
        "  IdentitiesOnly yes\n"
        "  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  LogLevel ERROR\n"
        "  ControlMaster auto\n  ControlPersist yes\n"
        "  ConnectTimeout 10\n  ServerAliveInterval 10\n  ServerAliveCountMax 3\n"
        "  GSSAPIAuthentication no\n"
    )
    paths.ssh_config.write_text(text)
