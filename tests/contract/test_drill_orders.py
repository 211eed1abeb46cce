"""What a drill has Pacemaker do, against its own tools on a CIB in a file."""

from __future__ import annotations

import pytest

from kvmha.build import cib as build
from kvmha.documents import cib as cib_document
from kvmha.errors import KvmhaError
from kvmha.spec import load
from kvmha.tools import drill_orders as orders
from kvmha.tools import pacemaker
from kvmha.tools.runner import Runner

NODES = ("ha-host1", "ha-host2", "ha-host3")


@pytest.fixture(name="cib")
def a_cluster(tmp_path, monkeypatch, example):
    """Yield the CIB of a cluster on which everything runs."""
    path = tmp_path / "cib.xml"
    nodes = "".join(f'<node id="{name[-1]}" uname="{name}"/>' for name in NODES)
    text = cib_document.EMPTY.replace("<nodes/>", f"<nodes>{nodes}</nodes>")
    path.write_text(text.replace("<cib ", '<cib have-quorum="1" dc-uuid="1" '))
    pacemaker.apply(Runner(), build.build(load(example("lab")), "external/sbd"), cib_file=str(path))
    up = [f"--node-up={name}" for name in NODES]
    Runner().run(["crm_simulate", "--in-place", f"--xml-file={path}", *up])
    monkeypatch.setenv("CIB_file", str(path))
    return path


def value(name):
    argv = ["crm_attribute", "--type", "crm_config", "--name", name, "--query", "--quiet"]
    return Runner().run(argv, ok=None).stdout.strip()


def stopping(path):
    """Return the resources that the scheduler's next transition stops."""
    said = Runner().run(["crm_simulate", "--simulate", f"--xml-file={path}"]).stdout
    return {line.split()[2] for line in said.splitlines() if line.split()[:2] == ["*", "Stop"]}


def test_everything_stops_before_fencing_goes_and_both_come_back(cib):
    with pytest.raises(KvmhaError, match="stop-all-resources is not set"):
        orders.fencing_off(Runner())
    assert value("stonith-enabled") == "true"

    orders.stop_all(Runner())
    assert {"vm-web1", "dlm:0", "fs-vmstore:0"} <= stopping(cib)
    orders.fencing_off(Runner())
    assert value("stonith-enabled") == "false"

    before = Runner().run(["cibadmin", "--query", "--scope", "constraints"]).stdout
    orders.resume(Runner())
    assert value("stonith-enabled") == "true"
    assert value("stop-all-resources") == ""
    assert Runner().run(["cibadmin", "--query", "--scope", "constraints"]).stdout == before
    orders.resume(Runner())  # as often as you like


def test_configuration_is_afterwards_what_it_was(cib, example):
    def planned():
        wanted = build.build(load(example("lab")), "external/sbd")
        return pacemaker.plan(Runner(), wanted, cib_file=str(cib)).changes

    assert not planned()
    orders.stop_all(Runner())
    orders.fencing_off(Runner())
    assert planned()
    orders.resume(Runner())
    assert not planned()


def test_move_has_an_end_and_leaves_nothing(cib):
    (host,) = next(
        one["nodes"] for one in pacemaker.status(Runner())["resources"] if one["id"] == "vm-web1"
    )
    one, other = (name for name in NODES if name != host)
    orders.move(Runner(), "web1", one)
    text = cib.read_text()
    assert "cli-prefer-vm-web1" in text and "date_expression" in text
    orders.move(Runner(), "web1", other)
    assert cib.read_text().count('id="cli-prefer-vm-web1"') == 1
    orders.unmove(Runner(), ["web1"])
    assert "cli-prefer" not in cib.read_text()
