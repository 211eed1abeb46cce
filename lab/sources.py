"""Which package archive to build from: the one this machine uses already."""

from __future__ import annotations

import re
from pathlib import Path

from lab.errors import LabError

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
APT = Path("/etc/apt")


def of_host(suite: str, apt: Path = APT) -> str:
    """Return this machine's apt sources for ``suite`` as deb822 text; LabError without any."""
    wanted = {suite, f"{suite}-updates", f"{suite}-security"}
    stanzas = [s for s in _stanzas(apt) if _suites(s) & wanted]
    if not stanzas:
        raise LabError(
            f"{apt} names no archive of Debian {suite}", "run the lab on Debian 12, or add one"
        )
    return "\n\n".join(stanzas) + "\n"


def _stanzas(apt: Path) -> list[str]:
    found: list[str] = []
    for file in sorted((apt / "sources.list.d").glob("*.sources")):
        text = "\n".join(x for x in file.read_text().splitlines() if not x.startswith("#"))
        found += [s.strip("\n") for s in re.split(r"\n\s*\n", text) if s.strip()]
    files = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*.list"))]
    for file in filter(Path.is_file, files):
        found += filter(None, map(_from_line, file.read_text().splitlines()))
    return [s for s in found if "deb" in _field(s, "Types") and "main" in _field(s, "Components")]


def _from_line(line: str) -> str:
    match = re.match(r"deb\s+(?:\[.*?\]\s+)?(\S+)\s+(\S+)\s+(\S.*)", line.strip())
    return _stanza(*match.groups()) if match else ""


def _stanza(uri: str, suites: str, components: str = "main") -> str:
    return (
        f"Types: deb\nURIs: {uri}\nSuites: {suites}\nComponents: {components}\nSigned-By: {KEYRING}"
    )


def _field(stanza: str, name: str) -> list[str]:
    match = re.search(rf"^{name}:(.*)$", stanza, re.MULTILINE)
    return match.group(1).split() if match else []


def _suites(stanza: str) -> set[str]:
    return set(_field(stanza, "Suites"))
