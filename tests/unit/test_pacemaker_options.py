"""Pacemaker's own options: what is right, what is wrong, what is none of its business."""

from __future__ import annotations

import pytest

from kvmha.documents import typed_values
from kvmha.documents.pacemaker_options import (
    FENCING_DEVICE,
    META_ATTRIBUTES,
    NODE_ATTRIBUTES,
    OPERATION,
    PROPERTIES,
    UNKNOWN,
    canonical_name,
)

ALL = [PROPERTIES, META_ATTRIBUTES, OPERATION, NODE_ATTRIBUTES, FENCING_DEVICE]
OPTIONS = [(vocabulary, name) for vocabulary in ALL for name in vocabulary.options]


@pytest.mark.parametrize(
    ("vocabulary", "name"), OPTIONS, ids=lambda item: getattr(item, "what", item)
)
def test_every_default_is_a_value_of_its_option(vocabulary, name):
    option = vocabulary.options[name]
    assert option.default is None or typed_values.fits(option, option.default)
    assert (option.type == "enumeration") == bool(option.choices)
    assert canonical_name(name) == name


# What clusters of several ages and tools have in their bootstrap set.
REAL = {
    "have-watchdog": "true",
    "dc-version": "2.1.5+20221208.a3f44794f-150500.6.5.8",
    "cluster-infrastructure": "corosync",
    "cluster-name": "hacluster",
    "stonith-enabled": "TRUE",
    "stonith-action": "poweroff",
    "stonith-timeout": "71",
    "stonith-watchdog-timeout": "-1",
    "no-quorum-policy": "suicide",
    "placement-strategy": "balanced",
    "last-lrm-refresh": "1700000000",
    "expected-quorum-votes": "2",
    "default-resource-stickiness": "INFINITY",
    "default-action-timeout": "240",
    "is-managed-default": "true",
    "crmd-transition-delay": "2s",
    "load-threshold": "80%",
    "node-health-red": "-INFINITY",
    "cluster-recheck-interval": "PT5M",
    "fencing-enabled": "true",
    "fencing-watchdog-timeout": "10",
}


def test_a_real_cluster_has_no_problems():
    assert PROPERTIES.problems(REAL, "cib.properties") == []


@pytest.mark.parametrize(
    ("vocabulary", "name", "value", "said"),
    [
        (PROPERTIES, "stonith-enable", "true", f"did you mean 'stonith-enabled'?) [{UNKNOWN}]"),
        (PROPERTIES, "fencing-enable", "true", "did you mean 'fencing-enabled'?"),
        (PROPERTIES, "hana_x_glob_vers", "1", f"is no cluster property of Pacemaker [{UNKNOWN}]"),
        (PROPERTIES, "no-quorum-policy", "freez", "did you mean 'freeze'?) [NOT_A_CHOICE]"),
        (PROPERTIES, "fencing-enabled", "maybe", "'maybe' is no boolean"),
        (PROPERTIES, "stonith-timeout", "-1", "'-1' is no duration (hint: for example 60s)"),
        (PROPERTIES, "load-threshold", "80", "'80' is no percentage"),
        (META_ATTRIBUTES, "target-role", "Running", "is none of Stopped, Started"),
        (META_ATTRIBUTES, "target_role", "Started", "did you mean 'target-role'?"),
        (META_ATTRIBUTES, "remote-port", "70000", "is no port number"),
        (META_ATTRIBUTES, "master-max", "one", "'one' is no whole number"),
        (OPERATION, "on-fail", "reboot", "is none of ignore"),
        (OPERATION, "intervall", "10s", "did you mean 'interval'?"),
        (NODE_ATTRIBUTES, "maintenance", "soon", "'soon' is no boolean"),
        (NODE_ATTRIBUTES, "#health-smart", "blue", "is no health"),
        (FENCING_DEVICE, "pcmk_delay", "5s", f"[{UNKNOWN}]"),
    ],
)
def test_a_mistake_is_told(vocabulary, name, value, said):
    (problem,) = vocabulary.problems({name: value}, "here")
    assert problem.place == f"here.{name}"
    assert said in str(problem)


@pytest.mark.parametrize(
    ("vocabulary", "name", "value"),
    [
        (META_ATTRIBUTES, "department", "sales"),
        (META_ATTRIBUTES, "target-role", "master"),
        (META_ATTRIBUTES, "resource-stickiness", "+INFINITY"),
        (OPERATION, "on-fail", "fence"),
        (NODE_ATTRIBUTES, "rack", "7"),
        (NODE_ATTRIBUTES, "standby", "on"),
        (NODE_ATTRIBUTES, "#health-cpu", "green"),
        (FENCING_DEVICE, "pcmk_list-status_timeout", "30"),
    ],
)
def test_what_is_right_or_of_others_is_left_alone(vocabulary, name, value):
    assert vocabulary.problems({name: value}, "here") == []


def test_sets_of_agents_hold_names_of_their_own_but_no_wrong_values():
    said = {"hana_ha1_site_srHook": "SOK", "maintenance-mode": "perhaps"}
    (problem,) = PROPERTIES.problems(said, "SAPHanaSR", strict=False)
    assert problem.place == "SAPHanaSR.maintenance-mode"


def test_renamed_options_are_one():
    assert canonical_name("fencing-timeout") == canonical_name("stonith-timeout")
    assert PROPERTIES.option("fencing-enabled") is PROPERTIES.option("stonith-enabled")
    assert canonical_name("no-quorum-policy") == "no-quorum-policy"
