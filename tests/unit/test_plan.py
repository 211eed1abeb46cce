"""Plans: order, digest, price, and the way to Salt and back."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmha.errors import KvmhaError, Refused
from kvmha.plan import Action, Change, Disruption, Plan

UPDATE = Change(Action.UPDATE, "corosync.conf:totem.token", "1000", "5000", Disruption.RELOAD)
STOP = Change(Action.UPDATE, "corosync.conf:totem.cluster_name", "a", "b", Disruption.CLUSTER_STOP)
CREATE = Change(Action.CREATE, "cib:primitive/vm-web1", None, "VirtualDomain")
PLAN = Plan((UPDATE, CREATE), base="sha-of-what-was-seen", notes=("read me",))

scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.text())
changes = st.builds(
    Change,
    st.sampled_from(Action),
    st.text(min_size=1),
    scalars,
    scalars,
    st.sampled_from(Disruption),
)
plans = st.builds(
    Plan, st.lists(changes, max_size=4).map(tuple), st.text(), st.lists(st.text()).map(tuple)
)


def test_digest_is_the_same_in_every_process():
    assert PLAN.digest == "0279c4464e60667b"


def test_digest_follows_base_and_changes_and_their_order_but_not_notes():
    others = [
        replace(PLAN, base="else"),
        replace(PLAN, changes=(CREATE, UPDATE)),
        replace(PLAN, changes=(UPDATE,)),
        replace(PLAN, changes=(replace(UPDATE, new="6000"), CREATE)),
        replace(PLAN, changes=(replace(UPDATE, disruption=Disruption.NONE), CREATE)),
    ]
    assert len({plan.digest for plan in [PLAN, *others]}) == 1 + len(others)
    assert replace(PLAN, notes=()).digest == PLAN.digest


@given(plans)
def test_a_plan_survives_salts_transport(plan):
    back = Plan.from_dict(json.loads(json.dumps(plan.to_dict())))
    assert back == plan
    assert back.digest == plan.digest
    assert back.notes == plan.notes


def test_a_plan_is_true_when_it_changes_something():
    assert PLAN
    assert not Plan(base="seen", notes=("nothing to do",))


def test_a_plan_costs_what_its_worst_change_costs():
    assert PLAN.disruption is Disruption.RELOAD
    assert Plan().disruption is Disruption.NONE
    assert Plan((CREATE, STOP, UPDATE)).disruption is Disruption.CLUSTER_STOP


def test_refusal_names_only_what_is_above_and_the_setting_that_permits_it():
    with pytest.raises(Refused) as caught:
        Plan((UPDATE, STOP)).refuse_above("reload")
    text = str(caught.value)
    assert STOP.text() in text
    assert UPDATE.address not in text
    assert "set allow: cluster_stop to permit it" in text


@pytest.mark.parametrize("allow", ["cluster_stop", "DATA_LOSS", Disruption.CLUSTER_STOP])
def test_nothing_is_refused_up_to_what_is_allowed(allow):
    Plan((UPDATE, STOP)).refuse_above(allow)


def test_an_unknown_level_lists_the_known_ones():
    with pytest.raises(KvmhaError, match="none, reload, resource_restart, cluster_stop, data_loss"):
        PLAN.refuse_above("everything")


def test_text_shows_each_change_on_a_line_and_notes_last():
    run = Change(Action.RUN, "sbd:/dev/x", new="create header", disruption=Disruption.DATA_LOSS)
    gone = Change(Action.DELETE, "cib:tag", "old")
    assert Plan((CREATE, UPDATE, gone, run), notes=("note",)).text().splitlines() == [
        "+ cib:primitive/vm-web1 = VirtualDomain",
        "~ corosync.conf:totem.token: 1000 -> 5000  [reload]",
        "- cib:tag (was old)",
        "! sbd:/dev/x: create header  [data_loss]",
        "# note",
    ]


def test_salt_sees_old_and_new_at_each_address():
    assert PLAN.salt_changes()["corosync.conf:totem.token"] == {"old": "1000", "new": "5000"}


def test_joined_plans_keep_order_and_tell_their_bases_apart():
    one, other = Plan((UPDATE,), "x", ("a",)), Plan((CREATE,), "y", ("b",))
    joined = Plan.joined(plan for plan in (one, other))
    assert joined.changes == (UPDATE, CREATE)
    assert joined.notes == ("a", "b")
    assert joined.digest != Plan.joined([Plan((UPDATE,), "y"), Plan((CREATE,), "x")]).digest
