"""Agents' metadata in each dialect, and resources held against it. Cases: tests/cases/agents."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from kvmha.documents import agent_metadata
from kvmha.documents.typed_values import Parameter
from kvmha.errors import KvmhaError

CASES = sorted((Path(__file__).parents[1] / "cases" / "agents").iterdir())


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request):
    said = yaml.safe_load((request.param / "case.yaml").read_text())
    xml = (request.param / "metadata.xml").read_text()
    return said, agent_metadata.parse(xml, fencing=said.get("fencing", False))


def told(parameter):
    """Return what differs from a parameter of which nothing is known, as YAML writes it."""
    pairs = ((each.name, getattr(parameter, each.name), each.default) for each in fields(Parameter))
    return {n: list(v) if isinstance(v, tuple) else v for n, v, usual in pairs if v != usual}


def test_parameters_are_read(case):
    said, metadata = case
    found = {name: told(parameter) for name, parameter in metadata.parameters.items()}
    assert found == said["parameters"]
    assert list(found) == list(said["parameters"]), "in the agent's order"


def test_problems_are_all_found_at_once(case):
    said, metadata = case
    uses = [(f"vms[{i}]", use["params"]) for i, use in enumerate(said["resources"])]
    found = [each for place, par in uses for each in agent_metadata.problems(metadata, par, place)]
    found += agent_metadata.unique_problems(metadata, uses)
    assert [str(problem) for problem in found] == said["problems"]


def test_short_timeouts_are_noted(case):
    said, metadata = case
    notes = []
    for index, use in enumerate(said["resources"]):
        notes += agent_metadata.short_timeouts(metadata, use.get("ops", []), f"vms[{index}]")
    assert notes == said.get("notes", [])


def test_a_version_is_the_agents_own_where_it_has_one():
    new = agent_metadata.parse(
        '<resource-agent version="2"><version>1.1</version></resource-agent>'
    )
    old = agent_metadata.parse("<resource-agent><version> 1.0 </version></resource-agent>")
    assert (new.version, old.version) == ("2", "1.0")


def test_an_agent_that_says_little_is_still_one():
    bare = agent_metadata.parse("<resource-agent/>")
    assert (bare.name, bare.version, bare.parameters, bare.actions) == ("", "", {}, ())
    assert str(agent_metadata.problems(bare, {"a": "1"}, "r")[0]).startswith("r.a: is no parameter")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no <resource-agent>"),
        ("Usage: agent {start|stop}", "no <resource-agent>"),
        ("<resource-agent name='a'><parameters></resource-agent>", "is no XML"),
        ("<resource-agent name='a'>&undefined;</resource-agent>", "is no XML"),
    ],
)
def test_what_is_no_metadata_is_refused(text, why):
    with pytest.raises(KvmhaError, match=why):
        agent_metadata.parse(text)


def test_no_file_of_the_host_gets_into_metadata():
    evil = (
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
        "<resource-agent name='&x;'></resource-agent>"
    )
    with pytest.raises(KvmhaError, match="is no XML"):
        agent_metadata.parse(evil)
