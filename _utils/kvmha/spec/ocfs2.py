"""How OCFS2's nodes know of each other: the words of ``storage.ocfs2``."""

from __future__ import annotations

from kvmha.spec.classes import vocabulary
from kvmha.spec.fields import said


@vocabulary(frozen=True)
class Ocfs2:
    """``storage.ocfs2``: the cluster stack of OCFS2; all but ``stack`` is for ``o2cb``.

    Defaults and least values are those of ocfs2-tools (o2cb.sysconfig(5)).
    """

    stack: str = said(
        "text",
        "Who tells OCFS2 which nodes live: Pacemaker's DLM, or the classic stack of its own.",
        default="pcmk",
        choices=("pcmk", "o2cb"),
        example="pcmk",
    )
    port: int = said(
        "integer",
        "TCP port the nodes talk over.",
        default=7777,
        minimum=1,
        maximum=65535,
        example=7777,
    )
    heartbeat_threshold: int = said(
        "integer",
        "Beats on the disk after which a silent node is dead: (threshold - 1) * 2 seconds.",
        default=31,
        minimum=7,
        example=31,
    )
    idle_timeout: int = said(
        "duration",
        "Silence after which a connection is dead.",
        default=30_000,
        minimum=5000,
        example="30s",
    )
    keepalive_delay: int = said(
        "duration",
        "Silence after which a sign of life is asked for.",
        default=2000,
        minimum=1000,
        example="2s",
    )
    reconnect_delay: int = said(
        "duration",
        "Time between attempts to connect.",
        default=2000,
        minimum=2000,
        example="2s",
    )
