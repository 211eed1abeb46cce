"""The objects that all tools are given, and how each of them writes them down."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from lxml import etree

AGENT = "ocf:pacemaker:Dummy"
PROPERTIES = {
    "batch-limit": "10",
    "cluster-recheck-interval": "10min",
    "migration-limit": "2",
    "no-quorum-policy": "stop",
    "pe-input-series-max": "100",
}
VALUE = "wanted"  # of every resource's parameter ``fake``


@dataclass(frozen=True)
class Workload:
    """So many primitives (two at least), constraints (two of each at most) and properties.

    Location constraints come first and name the nodes in turn; then the primitives in pairs,
    the second of each ordered after the first and colocated with it.
    """

    primitives: int
    constraints: int
    properties: int = len(PROPERTIES)
    nodes: tuple[str, ...] = ("ha-host1",)
    with_nodes: bool = False  # say the nodes and an attribute of each, too

    def __post_init__(self) -> None:
        if self.primitives < 2 or not 0 <= self.constraints <= 2 * self.primitives:
            raise ValueError("at least two primitives, at most two constraints of each")

    @property
    def objects(self) -> int:
        """How many objects a tool is given."""
        return self.primitives + self.constraints + self.properties

    @property
    def last(self) -> str:
        """The resource whose parameter drifts."""
        return _name(self.primitives - 1)

    def sample(self, objects: int) -> Workload:
        """Return a smaller workload of about so many objects in about the same proportions."""
        if objects >= self.objects:
            return self
        share = objects / self.objects
        primitives = max(2, round(self.primitives * share))
        return dataclasses.replace(
            self,
            primitives=primitives,
            constraints=min(round(self.constraints * share), 2 * primitives),
            properties=round(self.properties * share),
        )

    # -- the pillar ------------------------------------------------------------------------------

    def pillar(self) -> dict[str, Any]:
        """Return the document below the pillar key ``kvmha``."""
        cib: dict[str, Any] = {
            "properties": self._properties(),
            "resources": [_resource(number) for number in range(self.primitives)],
            "constraints": [self._constraint(number) for number in range(self.constraints)],
        }
        if self.with_nodes:
            cib["nodes"] = [
                {"name": name, "id": number, "attributes": {"rack": number % 4}}
                for number, name in enumerate(self.nodes, 1)
            ]
        return {"cib": cib}

    def _properties(self) -> dict[str, str]:
        return dict(list(PROPERTIES.items())[: self.properties])

    def _constraint(self, number: int) -> dict[str, Any]:
        if number < self.primitives:
            name = _name(number)
            node = self.nodes[number % len(self.nodes)]
            words = {"kind": "location", "id": f"location-{name}", "rsc": name, "node": node}
            return {**words, "score": 100}
        number -= self.primitives
        name = _name(number)
        mate = _name(number ^ 1 if number ^ 1 < self.primitives else number - 1)
        if number % 2:
            words = {"kind": "colocation", "id": f"colocation-{name}", "rsc": name}
            return {**words, "with_rsc": mate, "score": 10}
        words = {"kind": "order", "id": f"order-{name}", "first": name, "then": mate}
        return {**words, "order_kind": "Optional"}

    # -- crmsh -----------------------------------------------------------------------------------

    def crmsh(self) -> list[str]:
        """Return one line of crmsh's configuration language for each object."""
        said = self.pillar()["cib"]
        lines = [f"property {name}={value}" for name, value in said["properties"].items()]
        lines += [
            f"primitive {one['id']} {AGENT} params fake={VALUE} "
            "op monitor interval=10s timeout=20s meta target-role=Stopped migration-threshold=3"
            for one in said["resources"]
        ]
        return lines + [_crmsh_constraint(one) for one in said["constraints"]]

    def crmsh_file(self) -> str:
        """Return all of it as one file; crmsh wants properties on one line."""
        lines = self.crmsh()
        pairs = [line.removeprefix("property ") for line in lines[: self.properties]]
        first = [" ".join(["property", *pairs])] if pairs else []
        return "\n".join([*first, *lines[self.properties :], ""])

    # -- pcs -------------------------------------------------------------------------------------

    def pcs(self) -> list[list[str]]:
        """Return the arguments of one pcs command for each object."""
        said = self.pillar()["cib"]
        found = [["property", "set", f"{name}={text}"] for name, text in said["properties"].items()]
        found += [
            ["resource", "create", one["id"], AGENT, f"fake={VALUE}", "op", "monitor",
             "interval=10s", "timeout=20s", "meta", "migration-threshold=3", "--disabled"]
            for one in said["resources"]
        ]  # fmt: skip
        return found + [_pcs_constraint(one) for one in said["constraints"]]

    # -- what stands -----------------------------------------------------------------------------

    def missing(self, cib: str) -> list[str]:
        """Return what of the workload is not in a CIB, or has another value there."""
        root = etree.fromstring(cib.encode())
        said = self.pillar()["cib"]
        values = {
            pair.getparent().getparent().get("id"): pair.get("value")
            for pair in root.iterfind(".//primitive/instance_attributes/nvpair[@name='fake']")
        }
        options = {
            pair.get("name"): pair.get("value") for pair in root.iterfind(".//crm_config/*/nvpair")
        }
        # pcs names location constraints itself, so constraints are counted.
        found = root.findall(".//constraints/*")
        lacking = [one["id"] for one in said["resources"] if values.get(one["id"]) != VALUE]
        lacking += [name for name, text in said["properties"].items() if options.get(name) != text]
        short = len(said["constraints"]) - len(found)
        return lacking + ([f"{short} constraints"] if short > 0 else [])


PEERS115 = Workload(primitives=50, constraints=60, properties=5)


def sized(primitives: int) -> Workload:
    """Return the workload of a size: two constraints for each primitive, five properties."""
    return Workload(primitives, 2 * primitives)


def planned(primitives: int) -> Workload:
    """Return the workload of a size for planning alone: on 32 nodes, said with attributes."""
    nodes = tuple(f"ha-host{number}" for number in range(1, 33))
    return dataclasses.replace(sized(primitives), nodes=nodes, with_nodes=True)


def _name(number: int) -> str:
    return f"r{number + 1:04}"


def _resource(number: int) -> dict[str, Any]:
    return {
        "id": _name(number),
        "agent": AGENT,
        "params": {"fake": VALUE},
        "meta": {"target-role": "Stopped", "migration-threshold": 3},
        "ops": [{"name": "monitor", "interval": "10s", "timeout": "20s"}],
    }


def _crmsh_constraint(one: dict[str, Any]) -> str:
    if one["kind"] == "location":
        return f"location {one['id']} {one['rsc']} {one['score']}: {one['node']}"
    if one["kind"] == "colocation":
        return f"colocation {one['id']} {one['score']}: {one['rsc']} {one['with_rsc']}"
    return f"order {one['id']} {one['order_kind']}: {one['first']} {one['then']}"


def _pcs_constraint(one: dict[str, Any]) -> list[str]:
    if one["kind"] == "location":
        where = f"{one['node']}={one['score']}"
        return ["constraint", "location", one["rsc"], "prefers", where]
    if one["kind"] == "colocation":
        words = ["constraint", "colocation", "add", one["rsc"], "with", one["with_rsc"]]
        return [*words, str(one["score"]), f"id={one['id']}"]
    words = ["constraint", "order", one["first"], "then", one["then"]]
    return [*words, f"kind={one['order_kind']}", f"id={one['id']}"]
