"""The agents that are installed here: their metadata, and resources checked against it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kvmha.documents import agent_metadata
from kvmha.documents.agent_metadata import Metadata
from kvmha.errors import CommandFailed, KvmhaError, Problem
from kvmha.tools import files
from kvmha.tools.runner import Runner

CACHE = Path("/var/cache/kvmha/agents")
_OCF_ROOT = Path("/usr/lib/ocf")
# Where cluster-glue has its plugins: Debian, SUSE.
_PLUGINS = ("/usr/lib/stonith/plugins", "/usr/lib64/stonith/plugins")
_TIMEOUT = 30.0  # seconds; an agent prints its metadata in a fraction of one
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]*")
_STAMP = re.compile(r"<!-- kvmha ([^\n]*) -->\n\Z")
_WITHOUT = ("systemd", "service", "lsb", "upstart", "nagios")


@dataclass(frozen=True)
class AgentUse:
    """A resource as its agent sees it.

    ``agent`` is class, provider and type (``ocf:heartbeat:Dummy``, ``stonith:external/sbd``),
    ``place`` where its parameters stand in the input, ``ops`` name and attributes of each
    operation.
    """

    place: str
    id: str
    agent: str
    params: Mapping[str, str] = field(default_factory=dict)
    ops: tuple[tuple[str, Mapping[str, str]], ...] = ()


@dataclass(frozen=True)
class Checked:
    """What a check found: mistakes, advice, and the agents of which nothing is known here.

    ``unchecked`` are agent -> why.
    """

    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    unchecked: Mapping[str, str] = field(default_factory=dict)


class Catalogue:
    """Metadata of agents, each asked once for as long as its file does not change.

    ``cache_folder`` holds one file of XML for each agent; one that cannot be written costs
    time only. ``ocf_root`` is the folder of resource.d.
    """

    def __init__(
        self,
        runner: Runner,
        cache_folder: str | Path = CACHE,
        *,
        ocf_root: str | Path = _OCF_ROOT,
    ) -> None:
        self._runner = runner
        self._cache = Path(cache_folder)
        self._ocf_root = Path(ocf_root)
        self._known: dict[str, Metadata | str] = {}

    def metadata(self, agent: str) -> Metadata | None:
        """Return what ``agent`` says of itself, or None; ``why_not`` then has the reason.

        None for what is not installed here, for classes that have no metadata (systemd,
        lsb, service) and for an agent whose metadata is broken. Starts one program when
        the agent's file is new to the cache.
        """
        if agent not in self._known:
            try:
                self._known[agent] = self._find(agent)
            except KvmhaError as error:
                self._known[agent] = "; ".join(error.message.splitlines())
        found = self._known[agent]
        return found if isinstance(found, Metadata) else None

    def why_not(self, agent: str) -> str:
        """Return why ``metadata`` is None for ``agent``, or nothing."""
        self.metadata(agent)
        found = self._known[agent]
        return found if isinstance(found, str) else ""

    def check(self, resources: Iterable[AgentUse]) -> Checked:
        """Return all that the agents' metadata tells against ``resources``, at once.

        Too short a timeout of an operation is a note: an agent's advice, not its rule.
        Resources of systemd and its like take no parameters and are passed over.
        """
        uses = [use for use in resources if use.agent.partition(":")[0] not in _WITHOUT]
        problems: list[Problem] = []
        notes: list[str] = []
        unchecked: dict[str, str] = {}
        for agent in dict.fromkeys(use.agent for use in uses):
            metadata = self.metadata(agent)
            if metadata is None:
                unchecked[agent] = self.why_not(agent)
                continue
            mine = [use for use in uses if use.agent == agent]
            for use in mine:
                problems += agent_metadata.problems(metadata, use.params, use.place)
                notes += agent_metadata.short_timeouts(metadata, use.ops, use.id)
            pairs = [(use.place, use.params) for use in mine]
            problems += agent_metadata.unique_problems(metadata, pairs)
        return Checked(tuple(problems), tuple(notes), unchecked)

    def _find(self, agent: str) -> Metadata:
        path = self._path(agent)
        stat = path.stat()
        stamp = f"{path} {stat.st_mtime_ns} {stat.st_size}"
        kept = self._cache / f"{agent.replace(':', ',').replace('/', ',')}.xml"
        cached = _cached(kept, stamp)
        if cached is not None:
            with contextlib.suppress(KvmhaError):  # damaged: made again
                return _parse(agent, cached)
        xml = self._ask(agent, path)
        metadata = _parse(agent, xml)
        with contextlib.suppress(OSError):  # who may not write the cache may still ask
            files.write(kept, f"{xml.rstrip()}\n<!-- kvmha {stamp} -->\n", mode=0o644)
        return metadata

    def _path(self, agent: str) -> Path:
        """Return the file that is the agent; raise KvmhaError when it is not here."""
        family, _, rest = agent.partition(":")
        names = re.split("[:/]", rest)
        if family in _WITHOUT:
            raise KvmhaError(f"agents of the class {family} have no metadata")
        if not all(_NAME.fullmatch(name) for name in names):
            raise KvmhaError("this is no name of an agent")
        if family == "ocf" and len(names) == 2:
            places = [self._ocf_root.joinpath("resource.d", *names)]
        elif family == "stonith":
            plugins = [Path(folder) for folder in _PLUGINS]
            places = [Path("/usr/sbin", rest)] if rest.startswith("fence_") else []
            places += [folder / rest for folder in plugins if rest.startswith("external/")]
            places += [folder / "stonith2" / f"{rest}.so" for folder in plugins]
        else:
            raise KvmhaError("this is no agent of the class ocf or stonith")
        for path in places:
            if path.is_file():
                return path
        raise KvmhaError("it is not installed here")

    def _ask(self, agent: str, path: Path) -> str:
        """Pacemaker's tool knows every class; without it an agent can speak for itself."""
        environment = {"OCF_ROOT": str(self._ocf_root)}
        try:
            argv = ["crm_resource", "--show-metadata", agent]
            return self._runner.run(argv, timeout=_TIMEOUT, env=environment).stdout
        except CommandFailed as error:
            if error.returncode != 127:
                raise
        own = {"ocf": ["meta-data"], "stonith": ["-o", "metadata"]}[agent.partition(":")[0]]
        if "/stonith/plugins/" in str(path):
            raise KvmhaError("only Pacemaker's crm_resource can ask it, and is missing")
        return self._runner.run([str(path), *own], timeout=_TIMEOUT, env=environment).stdout


def _cached(path: Path, stamp: str) -> str | None:
    """Return the XML in ``path`` when it was made from the file that ``stamp`` tells."""
    try:
        text = files.read(path) or ""
    except (OSError, UnicodeDecodeError):
        return None
    found = _STAMP.search(text)
    return text if found and found.group(1) == stamp else None


def _parse(agent: str, xml: str) -> Metadata:
    return agent_metadata.parse(xml, fencing=agent.startswith("stonith:"))
