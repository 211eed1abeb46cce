"""XFS and ext4 on shared disks, mounted by one node at a time.

Every function takes ``spec``, the document below the pillar key ``kvmha``; without it the
minion's own pillar is used.
"""

from __future__ import annotations

from typing import Any

from kvmha.salt_edge import loadable, user_errors
from kvmha.spec import load
from kvmha.tools import filesystem as tool
from kvmha.tools.runner import Runner

__version__ = "0.1.0"


def __virtual__():
    return loadable("filesystem", __version__)


@user_errors
def plan(filesystem: str, spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what is needed for ``filesystem``, by name, to be on its disk. Changes nothing.

    By type and label it is known again. Anything else on the disk
    is an error that says what it is, unless the pillar's ``consent:overwrite`` names the disk;
    then the change is *data_loss*. A disk in use is an error in any case.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 filesystem.plan data
    """
    return tool.plan(Runner(), _load(spec), filesystem).to_dict()


@user_errors
def apply(
    filesystem: str, spec: dict[str, Any] | None = None, expect: str | None = None
) -> dict[str, Any]:
    """Do what ``plan`` says; return what was done. On one node, for the whole cluster.

    Mounts nothing. A run that was cut short is begun again by the next. ``expect`` is the digest
    of the plan that was agreed to; another plan is an error.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 filesystem.apply data
    """
    return tool.apply(Runner(), _load(spec), filesystem, expect).to_dict()


def _load(spec):
    return load(__pillar__.get("kvmha", {}) if spec is None else spec)
