"""The address of a tier on a real Pacemaker: real attributes, a real address, no guests.

VMs are stateful dummies here: what counts is when the address is there.
"""

from __future__ import annotations

import pytest

from kvmha.build import cib as build
from kvmha.spec import load
from kvmha.spec.cib import Cib
from kvmha.spec.cib_parts import NvSet
from kvmha.spec.cib_resources import Resource
from kvmha.spec.shorthand import tiers
from kvmha.tools import pacemaker
from kvmha.wait import eventually
from tests.contract.cluster_of_one import Inside, started

ADDRESS = "192.168.56.200"


@pytest.fixture(scope="module")
def node():
    with started() as pid:
        inside = Inside(pid)
        inside.run(["ip", "address", "add", "192.168.56.101/24", "dev", "lo"])
        yield inside


@pytest.fixture(scope="module")
def wanted(example, changed):
    spec = load(changed(example("ap_db"), {"tiers[1].vip.nic": "lo"}))
    dummies = [Resource(id=f"vm-{vm.name}", agent="ocf:pacemaker:Dummy") for vm in spec.vms]
    own = Cib(
        properties=(NvSet(values={"stonith-enabled": False}),),
        resources=(*dummies, *tiers.resources(spec)),
        constraints=tuple(tiers.constraints(spec)),
    )
    return build.of_words(own, unmanaged="keep")


def addresses(node):
    return node.run(["ip", "-brief", "address", "show", "dev", "lo"]).stdout


def running(node):
    status = pacemaker.status(node)["resources"]
    return {one["id"] for one in status if one["role"] == "Started"}


def test_address_is_there_while_a_member_is_up(node, wanted):
    pacemaker.apply(node, wanted)
    pacemaker.settle(node, 90)
    everything = {"vm-db1", "vm-db2", "vm-ap1", "vm-ap2", "up-ap1", "up-ap2", "vip-ap"}
    told = lambda: "" if running(node) == everything else str(running(node))  # noqa: E731
    eventually(told, timeout=60)
    assert ADDRESS in addresses(node)
    assert not pacemaker.plan(node, wanted)


def test_address_stays_with_one_member_and_goes_with_the_last(node):
    stop(node, "vm-ap1")
    pacemaker.settle(node, 60)
    assert ADDRESS in addresses(node)
    stop(node, "vm-ap2")
    eventually(lambda: "vip-ap" if "vip-ap" in running(node) else "", timeout=60)
    assert ADDRESS not in addresses(node)


def test_a_member_is_restarted_and_the_address_comes_back(node):
    for name in ("vm-ap1", "vm-ap2"):
        node.run(["crm_resource", "--resource", name, "--meta", "--delete-parameter=target-role"])
    eventually(lambda: "" if ADDRESS in addresses(node) else "no address", timeout=60)


def test_databases_that_stop_take_along_what_cannot_start_without(node):
    for name in ("vm-db1", "vm-db2"):
        stop(node, name)
    eventually(lambda: "" if running(node) == set() else str(running(node)), timeout=60)
    assert ADDRESS not in addresses(node)


def stop(node, name):
    meta = ["--meta", "--set-parameter=target-role", "--parameter-value=Stopped"]
    node.run(["crm_resource", "--resource", name, *meta])
