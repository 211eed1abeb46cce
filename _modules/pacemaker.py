"""Pacemaker: the cluster's CIB, its state, and fencing.

The CIB is the cluster's, not a node's: any node that runs Pacemaker can change it, and it is
safe when several do so at once. Every function takes ``spec``, the document below the pillar
key ``kvmha``; without it the minion's own pillar is used.
"""

from __future__ import annotations

import logging
from typing import Any

from kvmha import platforms, timeouts
from kvmha.build import cib
from kvmha.documents.cib import Wanted
from kvmha.errors import KvmhaError
from kvmha.salt_edge import loadable, user_errors
from kvmha.spec import ClusterSpec, is_part, load, load_part
from kvmha.tools import pacemaker
from kvmha.tools.agent_types import Typed
from kvmha.tools.agents import Catalogue
from kvmha.tools.runner import Runner
from kvmha.values import milliseconds

log = logging.getLogger(__name__)

__version__ = "0.1.0"
__virtualname__ = "pacemaker"


def __virtual__():
    return loadable(__virtualname__, __version__)


@user_errors
def plan(
    spec: dict[str, Any] | None = None, part: str = "vms", cib_file: str | None = None
) -> dict[str, Any]:
    """Return what would change in the CIB, and what the cluster would then do. Changes nothing.

    ``part`` is how far the CIB is built: ``fencing``, ``locking``, ``filesystems`` or ``vms``,
    each with all before it; with ``fencing``, notes tell how its timeouts come about. ``spec``
    may be what ``export`` returned. ``cib_file`` is a file to use in place of the running
    cluster's CIB. Where Pacemaker does not run, the plan is made from an empty CIB. Where the
    pillar counts what hosts have (``placement.strategy``), notes say what would not run without
    one of the nodes.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 pacemaker.plan
    """
    runner = Runner()
    document = __pillar__.get("kvmha", {}) if spec is None else spec
    wanted = _wanted(runner, document, part)
    found = pacemaker.plan(runner, wanted, cib_file, losses=part == "vms" and _counts(document))
    told = part == "fencing" and not is_part(document)
    return found.noted(*(timeouts.cluster_notes(load(document)) if told else ())).to_dict()


@user_errors
def capacity(cib_file: str | None = None) -> dict[str, list[str]]:
    """Return, for each node that is up, the VMs that would not run if it were lost.

    Pacemaker's scheduler answers (``crm_simulate``), about the cluster as it is now: all lists
    empty means that the loss of any one node can be borne. Memory and processors count where
    ``placement.strategy`` says so. Changes nothing.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 pacemaker.capacity
    """
    return pacemaker.losses(Runner(), cib_file)


@user_errors
def apply(
    spec: dict[str, Any] | None = None,
    part: str = "vms",
    expect: str | None = None,
    cib_file: str | None = None,
    *,
    allow: str = "data_loss",
    settle: str | int = 0,
) -> dict[str, Any]:
    """Bring the CIB to what ``spec`` says, with one patch; what is not ours there is kept.

    ``expect`` is the digest of the plan that was shown; another plan is an error. What the
    cluster then does is in the plan's notes: resources may start, stop or move. ``allow`` is
    the worst disruption that may be caused (none, reload, resource_restart, cluster_stop,
    data_loss); a plan above it is refused. ``settle`` is how long to wait until the cluster has
    done it all (``5min``, or seconds); 0 waits for nothing. Beside the plan there is ``left``:
    what still differs.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 pacemaker.apply part=fencing
    """
    runner, seconds = Runner(), milliseconds(settle, unit="s") / 1000
    done, left = pacemaker.apply(runner, _wanted(runner, spec, part), expect, cib_file, allow)
    if done and seconds:
        pacemaker.settle(runner, seconds, told=_progress)
    return {**done.to_dict(), "left": left.to_dict()}


@user_errors
def export(cib_file: str | None = None) -> dict[str, Any]:
    """Return the pillar that describes the cluster's whole configuration, without loss.

    Planning that pillar (``pacemaker.plan spec=...``) against the same CIB is empty; applied to
    an empty CIB it gives the same configuration again. Ids are left out where they would be
    derived again. Of secrets only the key is said under which ``kvmha_secrets`` may bring
    them. ``agents: report`` stands beside it, so that an agent that is stricter here than where
    the CIB is from refuses nothing. What has no word is an error that names it.

    ``cib_file`` is a CIB in a file, or one of the scheduler's inputs (``.bz2``), of any release:
    neither cluster nor tools are needed.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 pacemaker.export --out=yaml
        salt-call --local pacemaker.export cib_file=/root/cib.xml --out=yaml
    """
    return {"cib": pacemaker.export(Runner(), cib_file), "agents": "report"}


@user_errors
def status(cib_file: str | None = None) -> dict[str, Any]:
    """Return the state of the cluster: dc, quorate, nodes, resources, failures, options.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 pacemaker.status
    """
    return pacemaker.status(Runner(), cib_file)


@user_errors
def marks(spec: dict[str, Any] | None = None, cib_file: str | None = None) -> list[dict[str, Any]]:
    """Return what operators did to the cluster on purpose and the pillar does not say.

    A resource stopped or set unmanaged, a node in standby, a ban, maintenance, ...: such a
    mark is left by ``apply`` unless the pillar says otherwise. Each has ``address``, ``about``
    (resource or node), ``text``, ``since`` (UTC), ``seconds``, ``origin`` (node), ``client``
    (program) and ``how`` that is known: ``set`` then, ``there`` at least since then,
    ``stopped`` last then, ``unknown``. Ages are of this node's archive of the CIB.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 pacemaker.marks
    """
    document = __pillar__.get("kvmha", {}) if spec is None else spec
    runner = Runner()
    wanted = _wanted(runner, document, "vms") if document else None
    return pacemaker.marks(runner, wanted, cib_file)


@user_errors
def verify(cib_file: str | None = None) -> list[str]:
    """Return what Pacemaker finds wrong in the CIB in use; an empty list means nothing.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 pacemaker.verify
    """
    return pacemaker.verify(Runner(), cib_file)


@user_errors
def fence(node: str, confirm: str = "", timeout: int = 300) -> float:
    """Have the cluster reboot ``node``; return the seconds until fencing was confirmed.

    Cuts the node's power: whatever runs there dies and is recovered elsewhere. ``confirm``
    must be the node's name once more; ``timeout`` is in seconds.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 pacemaker.fence ha-host2 confirm=ha-host2
    """
    if confirm != node:
        raise KvmhaError(
            f"fencing {node} was not confirmed: its power is cut, whatever runs there dies",
            hint=f"repeat the name: confirm={node}",
        )
    return pacemaker.fence(Runner(), node, timeout)


@user_errors
def fencing_answers(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return whether fencing would work now: ok, devices, nodes, problems. Fences nothing.

    Each registered device is asked for its status, and for each node which device can fence
    it.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 pacemaker.fencing_answers
    """
    names = [node.name for node in _load(spec).nodes]
    return pacemaker.fencing_answers(Runner(), names)


def _progress(line: str) -> None:
    """Tell what is waited for, on the minion's log and on the master's event bus."""
    log.info("%s", line)
    if "event.send" in __salt__ and __opts__.get("file_client") == "remote":
        __salt__["event.send"]("kvmha/progress", {"message": line})


def _load(spec: dict[str, Any] | None) -> ClusterSpec:
    return load(__pillar__.get("kvmha", {}) if spec is None else spec)


def _wanted(runner: Runner, spec: dict[str, Any] | None, part: str) -> Wanted:
    """Return what ``spec`` wants; a document without a cluster says all of it in ``cib``."""
    document = __pillar__.get("kvmha", {}) if spec is None else spec
    secrets = {str(k): str(v) for k, v in (__pillar__.get("kvmha_secrets") or {}).items()}
    if is_part(document):
        said = load_part(document)
        types = _types(runner, said.agents)
        return cib.of_words(said.cib, unmanaged=said.unmanaged, secrets=secrets, types=types)
    cluster = load(document)
    agent = platforms.for_grains(__grains__).fencing_agent
    return cib.build(cluster, agent, part, secrets, _types(runner, cluster.agents))


def _counts(spec: dict[str, Any] | None) -> bool:
    """Tell whether the pillar has the cluster count what hosts have."""
    document = __pillar__.get("kvmha", {}) if spec is None else spec
    return not is_part(document) and load(document).placement.counts


def _types(runner: Runner, mistakes: str) -> Typed:
    return Typed(Catalogue(runner), refuse=mistakes == "refuse")
