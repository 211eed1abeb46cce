"""What crm_simulate and crm_mon say, turned into costs and plain data."""

from __future__ import annotations

import pytest

from kvmha.documents import crm_mon, crm_simulate
from kvmha.plan import Action, Change, Disruption

VM = Change(Action.UPDATE, "cib:primitive/vm-a/param/config", "/a", "/b")
OPTION = Change(Action.UPDATE, "cib:property/stonith-timeout", "60s", "70s")


def simulated(*actions):
    inner = "".join(actions)
    return crm_simulate.parse(f"<pacemaker-result><actions>{inner}</actions></pacemaker-result>")


def test_a_restart_is_borne_by_the_change_that_names_the_resource():
    seen = simulated('<rsc_action action="restart" resource="vm-a" source="h1" reason="changed"/>')
    costs = [change.disruption for change in crm_simulate.with_costs([VM, OPTION], seen)]
    assert costs == [Disruption.RESOURCE_RESTART, Disruption.NONE]
    assert seen[0].text() == "would restart vm-a on h1 (changed)"


def test_what_no_change_names_is_borne_by_all():
    seen = simulated('<rsc_action action="stop" resource="vm-ab" node="h1"/>')
    costs = {change.disruption for change in crm_simulate.with_costs([VM, OPTION], seen)}
    assert costs == {Disruption.RESOURCE_RESTART}


def test_fencing_is_the_worst_of_it():
    seen = simulated(
        '<node_action task="Fence (reboot)" node="h2" reason="peer is gone"/>',
        '<rsc_action action="start" resource="vm-a" node="h1"/>',
    )
    assert [one.text() for one in seen] == [
        "would fence h2 (peer is gone)",
        "would start vm-a on h1",
    ]
    costs = {change.disruption for change in crm_simulate.with_costs([VM], seen)}
    assert costs == {Disruption.CLUSTER_STOP}


@pytest.mark.parametrize("verb", ["start", "promote", "recover"])
def test_what_stops_nothing_that_works_costs_nothing(verb):
    seen = simulated(f'<rsc_action action="{verb}" resource="vm-a" node="h1"/>')
    assert crm_simulate.with_costs([VM], seen) == (VM,)


def test_instances_of_a_clone_are_one_note():
    seen = simulated(
        *(f'<rsc_action action="start" resource="dlm:{n}" node="h{n}"/>' for n in (1, 2, 3))
    )
    assert [one.text() for one in seen] == ["would start dlm on h1, h2, h3"]


def test_status_keeps_fencing_history_and_groups():
    status = crm_mon.parse(
        '<pacemaker-result><summary><current_dc present="false"/></summary><nodes/>'
        '<resources><clone id="c"><group id="g"><resource id="r" resource_agent="ocf:x:y" '
        'role="Stopped" managed="true" active="false"/></group></clone></resources>'
        '<fence_history><fence_event action="reboot" target="h2" status="success"/>'
        "</fence_history></pacemaker-result>"
    )
    assert (status["dc"], status["quorate"]) == (None, False)
    (resource,) = status["resources"]
    assert (resource["clone"], resource["group"], resource["managed"]) == ("c", "g", True)
    assert status["fencing_history"] == [{"action": "reboot", "target": "h2", "status": "success"}]
