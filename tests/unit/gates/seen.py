"""What the nodes of a cluster have in common, for the tests of its gates."""

from __future__ import annotations

NAMES = ["ha-host1", "ha-host2", "ha-host3"]
SBD = "/dev/disk/by-id/scsi-lab-sbd"
STORE = "/dev/disk/by-id/scsi-lab-vmstore"


def resource(name, nodes, **more):
    return {
        "id": name,
        "role": "Started",
        "nodes": nodes,
        "managed": True,
        "failed": False,
    } | more


def change(seen, node, path, value):
    *way, last = path
    inner = seen[node]
    for step in way:
        inner = inner[step]
    inner[last] = value
