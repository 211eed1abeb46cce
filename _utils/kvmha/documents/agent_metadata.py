"""What an agent says of itself in its metadata, and what follows for a resource that uses it.

Three dialects are read: that of OCF resource agents (the RA API 1.0 and 1.1), that of fence
agents (``-o metadata``) and what Pacemaker prints of cluster-glue's plugins. All are written
by hand, and carelessly: what cannot be believed is taken for text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from kvmha import values
from kvmha.documents import typed_values
from kvmha.documents.pacemaker_options import FENCING_DEVICE, UNKNOWN
from kvmha.documents.typed_values import Parameter
from kvmha.errors import KvmhaError, Problem

# The group of all parameters with unique="1": RA API 1.0 asks that their combination differs.
_UNIQUE = "unique"
# Read by Pacemaker's executor or by ocf-shellfuncs for every agent.
_EVERYWHERE = ("OCF_CHECK_LEVEL", "trace_ra", "trace_file", "trace_dir")
_FEW = 10  # as many names as a person reads in a hint
# Set by Pacemaker for the node that is to be fenced.
_SUPPLIED = ("action", "port", "plug", "nodename")


@dataclass(frozen=True)
class Action:
    """An action that an agent offers; times as it writes them, None where it says nothing."""

    name: str
    timeout: str | None = None
    interval: str | None = None
    role: str | None = None
    depth: str | None = None


@dataclass(frozen=True)
class Metadata:
    """An agent's description of itself; ``fencing`` tells that it is a fencing device's."""

    name: str
    version: str
    parameters: Mapping[str, Parameter]
    actions: tuple[Action, ...]
    fencing: bool = False


def parse(xml: str, *, fencing: bool = False) -> Metadata:
    """Return what metadata says; ``fencing`` is true for agents of the class stonith.

    Text around the XML is passed over. Raises KvmhaError for what is no metadata.
    """
    root = _root(xml)
    found: dict[str, Parameter] = {}
    for item in root.iterfind("parameters/parameter"):
        if item.get("name"):
            found.setdefault(item.get("name"), _parameter(item, fencing))
    actions = tuple(
        Action(
            item.get("name"),
            *(item.get(key) or None for key in ("timeout", "interval", "role", "depth")),
        )
        for item in root.iterfind("actions/action")
        if item.get("name")
    )
    version = root.get("version") or (root.findtext("version") or "").strip()
    return Metadata(root.get("name", ""), version, found, actions, fencing)


def problems(metadata: Metadata, params: Mapping[str, str], place: str) -> list[Problem]:
    """Return what is wrong with the parameters of a resource, which stand at ``place``."""
    found = []
    for name, value in params.items():
        option = metadata.parameters.get(name)
        if option is None and metadata.fencing:
            option = FENCING_DEVICE.option(name)
        where = f"{place}.{name}"
        if option is not None:
            wrong = typed_values.problem(option, value, where)
        else:
            wrong = _unknown(metadata, name, where)
        if wrong:
            found.append(wrong)
    return found + _missing(metadata, params, place)


def unique_problems(
    metadata: Metadata, uses: Sequence[tuple[str, Mapping[str, str]]]
) -> list[Problem]:
    """Return which resources of one agent are not told apart by a unique group.

    ``uses`` are place and parameters of each resource. A group counts for a resource that
    sets one of its parameters: defaults often hold the resource's own id. Nothing is said
    of fencing devices: several for one machine, each for other targets, are good practice.
    """
    if metadata.fencing:
        return []
    groups: dict[str, list[str]] = {}
    for name, parameter in metadata.parameters.items():
        if parameter.unique:
            groups.setdefault(parameter.unique, []).append(name)
    found = []
    for names in groups.values():
        first: dict[tuple[str | None, ...], str] = {}
        for place, params in uses:
            values = tuple(_canonical(metadata, params, name) for name in names)
            if not any(values):
                continue
            other = first.setdefault(values, place)
            if other != place:
                said = ", ".join(f"{name}={params[name]}" for name in names if params.get(name))
                hint = f"{metadata.name} wants {', '.join(names)} to differ between resources"
                found.append(Problem(place, f"{said} as {other} has", hint, "NOT_UNIQUE"))
    return found


def short_timeouts(
    metadata: Metadata, ops: Sequence[tuple[str, Mapping[str, str]]], place: str
) -> list[str]:
    """Return notes on operations whose timeout is less than the agent advises.

    ``ops`` are name and attributes of each operation. An operation without a timeout is
    none of them: it takes the cluster's default.
    """
    notes = []
    for name, attributes in ops:
        advised = _advised(metadata, name, attributes)
        try:
            given = typed_values.milliseconds(attributes["timeout"])
            enough = advised is None or given >= typed_values.milliseconds(advised)
        except (KeyError, ValueError):
            continue
        if not enough:
            notes.append(
                f"{place}: the timeout of {name}, {attributes['timeout']}, is less than the"
                f" {advised} that {metadata.name} advises"
            )
    return notes


def _root(xml: str) -> Any:
    """The declaration is cut off too: the text is no longer in the encoding it names."""
    begin = xml.find("<resource-agent")
    if begin < 0:
        raise KvmhaError("this is no metadata: it has no <resource-agent>")
    tail = "</resource-agent>"
    end = xml.rfind(tail)
    text = xml[begin : end + len(tail)] if end > 0 else xml[begin:]
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    try:
        return etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise KvmhaError(f"the metadata is no XML: {error}") from None


def _parameter(item: Any, fencing: bool) -> Parameter:
    content = item.find("content")
    default = None if content is None else content.get("default")
    kind = typed_values.type_of(None if content is None else content.get("type"))
    options = () if content is None else content.iterfind("option")
    choices = tuple(one.get("value") for one in options if one.get("value") is not None)
    if kind == "select" and not choices:
        kind = "string"
    if kind == "boolean" and _more_than_boolean(item.findtext("longdesc") or ""):
        kind = "string"
    unique = item.get("unique-group") or (_UNIQUE if _true(item.get("unique")) else None)
    return Parameter(
        type=_believed(kind, default),
        required=_true(item.get("required")),
        unique=None if fencing else unique,
        reloadable=_true(item.get("reloadable")),
        default=default or None,
        choices=choices if kind == "select" else (),
        deprecated=_true(item.get("deprecated")) or item.find("deprecated") is not None,
        obsoletes=item.get("obsoletes"),
    )


def _believed(kind: str, default: str | None) -> str:
    """A default that is not of the type tells that the type is wrong: an integer ``5s``."""
    if kind == "select" or not default:
        return kind
    guesses = (kind, "duration", "score") if kind == "integer" else (kind,)
    return next((one for one in guesses if typed_values.fits(Parameter(one), default)), "string")


def _more_than_boolean(description: str) -> bool:
    """Tell whether a list of quoted values has a third one: "true", "safe", "false"."""
    quoted = set(re.findall(r'"(\w+)"', description))
    strange = {word for word in quoted if not typed_values.fits(Parameter("boolean"), word)}
    return {"true", "false"} <= quoted and bool(strange)


def _true(text: str | None) -> bool:
    return (text or "").strip().lower() in ("1", "true", "yes")


def _unknown(metadata: Metadata, name: str, where: str) -> Problem | None:
    if name in _EVERYWHERE or name.startswith("CRM_meta_"):
        return None
    known = [each for each, its in metadata.parameters.items() if not its.deprecated]
    known += FENCING_DEVICE.options if metadata.fencing else ()
    hint = values.nearest(name, known)
    if not hint and len(known) < _FEW:
        hint = f"known are {', '.join(known)}" if known else "it has none"
    hint = hint or "crm_resource --show-metadata lists those it has"
    return Problem(where, f"is no parameter of {metadata.name}", hint, UNKNOWN)


def _missing(metadata: Metadata, params: Mapping[str, str], place: str) -> list[Problem]:
    """A parameter is also there under the name that it made obsolete, or was replaced by."""
    found = []
    given = {name for name, value in params.items() if value.strip()}
    if metadata.fencing:
        given.update((*_SUPPLIED, params.get("pcmk_host_argument", "")))
    newer = {one.obsoletes: name for name, one in metadata.parameters.items() if one.obsoletes}
    for name, parameter in metadata.parameters.items():
        if not parameter.required or parameter.default or name in newer:
            continue
        if not given & {name, parameter.obsoletes}:
            message = f"the parameter {name!r}, which {metadata.name} requires, is missing"
            found.append(Problem(place, message, f"add {name}", "MISSING"))
    return found


def _canonical(metadata: Metadata, params: Mapping[str, str], name: str) -> str | None:
    value = params.get(name)
    return typed_values.canonical(metadata.parameters[name], value) if value else None


def _advised(metadata: Metadata, name: str, attributes: Mapping[str, str]) -> str | None:
    """Of several actions of a name (monitors), the one of that role and depth, or the first."""
    offered = [action for action in metadata.actions if action.name == name and action.timeout]
    role = typed_values.canonical("enumeration", attributes.get("role", ""))
    depth = attributes.get("OCF_CHECK_LEVEL", "0")

    def likeness(action: Action) -> tuple[bool, bool]:
        same_role = typed_values.canonical("enumeration", action.role or "") == role
        return same_role, (action.depth or "0") == depth

    return max(offered, key=likeness).timeout if offered else None
