"""One resource's part of a CIB: options, rules, constraints of sets."""

from __future__ import annotations

import pytest
from lxml import etree

from kvmha.documents.cib_read import INFINITY, Pair, Reading, holds, number, score_text

CIB = """\
<cib have-quorum="1">
  <configuration>
    <crm_config>
      <cluster_property_set id="o">
        <nvpair id="o1" name="no-quorum-policy" value="freeze"/>
      </cluster_property_set>
    </crm_config>
    <nodes>
      <node id="1" uname="h1">
        <instance_attributes id="a"><nvpair id="a1" name="rack" value="left"/></instance_attributes>
        <utilization id="u"><nvpair id="u1" name="memory" value="68719476736"/></utilization>
      </node>
      <node id="2" uname="h2"/>
    </nodes>
    <resources>
      <template id="vm" class="ocf" provider="heartbeat" type="VirtualDomain">
        <meta_attributes id="m0">
          <nvpair id="m01" name="migration-threshold" value="3"/>
        </meta_attributes>
      </template>
      <clone id="c">
        <meta_attributes id="m1">
          <nvpair id="m11" name="target-role" value="Stopped"/>
        </meta_attributes>
        <group id="g"><primitive id="p" template="vm"/><primitive id="q" template="vm"/></group>
      </clone>
      <primitive id="x" template="vm"/><primitive id="y" template="vm"/>
      <primitive id="z" template="vm"/>
    </resources>
    <constraints>
      <rsc_location id="l1" rsc="c" node="h1" score="50"/>
      <rsc_location id="l2" rsc-pattern="^p$">
        <rule id="r" score="-INFINITY">
          <expression id="e" attribute="rack" operation="ne" value="left"/>
        </rule>
      </rsc_location>
      <rsc_colocation id="k1" rsc="x" with-rsc="y" score="-100"/>
      <rsc_colocation id="k2" score="INFINITY">
        <resource_set id="s1"><resource_ref id="x"/><resource_ref id="y"/></resource_set>
        <resource_set id="s2" sequential="false">
          <resource_ref id="z"/><resource_ref id="p"/>
        </resource_set>
      </rsc_colocation>
      <rsc_order id="o1" first="x" then="y" kind="Optional"/>
      <rsc_order id="o2" first="x" then="y" first-action="stop"/>
      <rsc_order id="o3">
        <resource_set id="s3" sequential="false" require-all="false">
          <resource_ref id="x"/><resource_ref id="y"/>
        </resource_set>
        <resource_set id="s4" sequential="false"><resource_ref id="z"/></resource_set>
      </rsc_order>
    </constraints>
    <rsc_defaults>
      <meta_attributes id="d">
        <nvpair id="d1" name="resource-stickiness" value="200"/>
      </meta_attributes>
    </rsc_defaults>
  </configuration>
  <status>
    <node_state id="1" uname="h1">
      <transient_attributes id="1">
        <instance_attributes id="t">
          <nvpair id="t1" name="fail-count-x#start_0" value="2"/>
          <nvpair id="t2" name="fail-count-x#monitor_10000" value="1"/>
          <nvpair id="t3" name="fail-count-x1#start_0" value="INFINITY"/>
        </instance_attributes>
      </transient_attributes>
    </node_state>
  </status>
</cib>
"""


@pytest.fixture
def reading():
    return Reading(etree.fromstring(CIB))


@pytest.mark.parametrize(
    ("resource", "option", "said"),
    [
        ("p", "target-role", ("Stopped", "c")),
        ("p", "migration-threshold", ("3", "p")),
        ("x", "resource-stickiness", ("200", "rsc_defaults")),
        ("x", "target-role", ("", "")),
    ],
)
def test_an_option_comes_from_the_innermost_that_says_it(reading, resource, option, said):
    assert reading.meta(resource, option) == said


def test_options_of_the_cluster_have_defaults(reading):
    assert reading.option("no-quorum-policy", "stop") == "freeze"
    assert reading.option("stop-all-resources") == ""


def test_a_location_counts_for_what_is_inside_and_by_its_rule(reading):
    assert [(wish.id, wish.score) for wish in reading.wishes("p", "h1")] == [("l1", 50)]
    assert [(wish.id, wish.score) for wish in reading.wishes("p", "h2")] == [("l2", -INFINITY)]
    assert list(reading.wishes("x", "h2")) == []


def test_colocations_of_sets_are_told_one_by_one(reading):
    assert list(reading.colocations()) == [
        Pair("k1", "x", "y", -100),
        Pair("k2", "y", "x", INFINITY),
        Pair("k2", "x", "z", INFINITY),
        Pair("k2", "x", "p", INFINITY),
        Pair("k2", "y", "z", INFINITY),
        Pair("k2", "y", "p", INFINITY),
    ]


def test_orders_of_starts_know_of_which_one_is_enough(reading):
    assert list(reading.orders()) == [
        Pair("o1", "y", "x", 0),
        Pair("o3", "z", "x", INFINITY, "o3"),
        Pair("o3", "z", "y", INFINITY, "o3"),
    ]


def test_failures_are_added_up_for_the_resource_alone(reading):
    assert reading.failcount("x", "h1") == 3
    assert reading.failcount("x1", "h1") == INFINITY
    assert reading.failcount("x", "h2") == 0


def test_what_a_node_has_is_no_score(reading):
    assert reading.utilization("h1") == {"memory": 68719476736}


@pytest.mark.parametrize(
    ("words", "score"),
    [("INFINITY", INFINITY), ("-infinity", -INFINITY), ("2000000", INFINITY), ("7", 7), ("x", 0)],
)
def test_scores(words, score):
    assert number(words) == score


def test_infinite_scores_are_written_as_such():
    assert [score_text(each) for each in (INFINITY, -INFINITY, -5)] == [
        "INFINITY",
        "-INFINITY",
        "-5",
    ]


@pytest.mark.parametrize(
    ("rule", "truth"),
    [
        ('<rule><expression attribute="rack" operation="defined"/></rule>', True),
        ('<rule><expression attribute="gone" operation="not_defined"/></rule>', True),
        ('<rule><expression attribute="cpus" operation="gte" value="8"/></rule>', True),
        ('<rule><expression attribute="cpus" operation="lt" value="8"/></rule>', False),
        ('<rule><expression attribute="gone" operation="lt" value="8"/></rule>', False),
        (
            '<rule boolean-op="or"><expression attribute="rack" operation="eq" value="right"/>'
            '<rule><date_expression operation="lt" end="2030-01-01"/></rule></rule>',
            True,
        ),
        (
            '<rule><expression attribute="rack" operation="eq" value="right"/>'
            '<date_expression operation="lt" end="2030-01-01"/></rule>',
            False,
        ),
    ],
)
def test_rules(rule, truth):
    assert holds(etree.fromstring(rule), {"rack": "left", "cpus": "8"}) is truth
