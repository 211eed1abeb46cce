"""The CIB's state and functions through Salt's real loader, on a CIB in a file."""

from __future__ import annotations

from pathlib import Path

import pytest
import salt.loader

from kvmha.documents import cib

SECRET = "hunter2-and-more"
SPEC = {
    "cib": {
        "properties": {"stonith-enabled": False},
        "resources": [
            {"id": "web", "kind": "group", "members": [
                {"id": "one", "agent": "ocf:pacemaker:Dummy", "meta": {"target-role": "Stopped"}},
                {"id": "two", "agent": "ocf:pacemaker:Stateful"},
            ]},
            {"id": "ipmi", "agent": "stonith:fence_ipmilan", "params": [
                {"values": {"ip": "192.168.56.9"}, "secrets": {"password": "ipmi"}},
            ]},
        ],
        "constraints": [
            {"id": "home", "kind": "location", "rsc": "web", "node": "ha-host1", "score": 50},
        ],
    },
}  # fmt: skip


@pytest.fixture
def cib_file(tmp_path, monkeypatch) -> Path:
    """Return a CIB that Pacemaker's tools take for the cluster's."""
    path = tmp_path / "cib.xml"
    path.write_text(cib.EMPTY)
    monkeypatch.setenv("CIB_file", str(path))
    return path


@pytest.fixture
def salted(make_opts):
    """Return a function that loads states and functions of a minion with a secret in its pillar."""

    def load(test=False):
        opts = make_opts("ha-host1", {"kvmha_secrets": {"ipmi": SECRET}}, test=test)
        functions = salt.loader.minion_mods(opts, context={})
        return functions, salt.loader.states(opts, functions, salt.loader.utils(opts), None)

    return load


def test_preview_then_run_then_nothing(salted, cib_file):
    _, preview = salted(test=True)
    shown = preview["pacemaker.configured"]("cib", spec=SPEC)
    assert shown["result"] is None, shown["comment"]
    assert cib_file.read_text() == cib.EMPTY
    _, states = salted()
    done = states["pacemaker.configured"]("cib", spec=SPEC)
    assert done["result"] is True, done["comment"]
    assert done["changes"] == shown["changes"]
    assert done["cost"]["programs"] <= 4
    again = states["pacemaker.configured"]("cib", spec=SPEC)
    assert again["result"] is True and again["changes"] == {}
    assert again["cost"]["programs"] == 1


def test_a_secret_reaches_the_cluster_and_nothing_else(salted, cib_file, caplog):
    functions, states = salted()
    done = states["pacemaker.configured"]("cib", spec=SPEC)
    assert f'name="password" value="{SECRET}"' in cib_file.read_text()
    exported = functions["pacemaker.export"]()
    assert SECRET not in repr([done, exported]) + caplog.text
    (ipmi,) = [one for one in exported["cib"]["resources"] if one["id"] == "ipmi"]
    assert ipmi["params"][0]["secrets"] == {"password": "ipmi.password"}
    plan = functions["pacemaker.plan"](spec=exported)
    assert plan["changes"] == [], plan


def test_a_secret_that_nobody_knows_is_said_to_be_missing(salted, cib_file, make_opts):
    functions = salt.loader.minion_mods(make_opts("ha-host1", {}), context={})
    with pytest.raises(Exception, match="SECRET_MISSING"):
        functions["pacemaker.plan"](spec=SPEC)


def test_export_of_an_old_cib_needs_no_cluster(salted, tmp_path):
    functions, _ = salted()
    old = tmp_path / "old.xml"
    old.write_text(
        '<cib validate-with="pacemaker-1.2" epoch="7" num_updates="1" admin_epoch="0">'
        '<configuration><crm_config/><nodes/><resources><master id="ms"><primitive id="drbd" '
        'class="ocf" provider="linbit" type="drbd"/></master></resources><constraints>'
        '<rsc_colocation id="c" rsc="ms" with-rsc="drbd" rsc-role="Master" score="INFINITY"/>'
        "</constraints></configuration><status/></cib>"
    )
    found = functions["pacemaker.export"](cib_file=str(old))
    assert found["cib"]["resources"] == [
        {"id": "ms", "kind": "master", "members": [{"id": "drbd", "agent": "ocf:linbit:drbd"}]}
    ]
    plan = functions["pacemaker.plan"](spec=found, cib_file=str(old))
    assert (plan["changes"], plan["notes"]) == ([], [])


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"cib": {"resources": [{"id": "x", "agnt": "ocf:a:b"}]}}, "did you mean 'agent'"),
        ({"cib": {"resources": [{"id": "x", "kind": "grup"}]}}, "NOT_A_CHOICE"),
        ({"cib": {"resources": [{"kind": "group", "id": "g", "agent": "x:y"}]}}, "WRONG_FOR_KIND"),
        ({"cib": {"constraints": [{"id": "c"}]}}, "kind: is missing"),
    ],
)
def test_mistakes_are_told_before_the_cluster_is_asked(salted, cib_file, wrong, told):
    _, states = salted()
    ret = states["pacemaker.configured"]("cib", spec=wrong)
    assert ret["result"] is False
    assert told in ret["comment"]
    assert ret["cost"]["programs"] == 0


def test_capacity_is_asked_of_a_cluster_alone(salted, tmp_path):
    functions, _ = salted()
    nothing = tmp_path / "cib.xml"
    nothing.write_text(cib.EMPTY)
    assert functions["pacemaker.capacity"](cib_file=str(nothing)) == {}
    with pytest.raises(Exception, match="Pacemaker does not run on this node"):
        functions["pacemaker.capacity"]()
