"""What is the same in other words, and what is the cluster's own, is no difference."""

from __future__ import annotations

import pytest

from kvmha.build import cib as build
from kvmha.documents import cib, cib_merge
from kvmha.spec import load_part

DUMMY = '<primitive id="d" class="ocf" provider="heartbeat" type="Dummy"/>'
MEMBERS = [{"id": "d", "agent": "ocf:heartbeat:Dummy"}]


def planned(words, *, crm="", nodes="", resources=""):
    text = cib.EMPTY.replace("<crm_config/>", f"<crm_config>{crm}</crm_config>")
    text = text.replace("<nodes/>", f"<nodes>{nodes}</nodes>")
    text = text.replace("<resources/>", f"<resources>{resources}</resources>")
    wanted = build.of_words(load_part({"cib": words}).cib, unmanaged="report")
    _, changes, notes = cib_merge.edit(text, wanted)
    return [change.text() for change in changes], notes


def meta(**values):
    pairs = "".join(
        f'<nvpair id="m-{name}" name="{name.replace("_", "-")}" value="{value}"/>'
        for name, value in values.items()
    )
    return f'<meta_attributes id="m">{pairs}</meta_attributes>'


def test_a_promotable_clone_is_what_a_master_is():
    master = f'<master id="ms">{meta(master_max=1)}{DUMMY}</master>'
    clone = {"promotable": True, "promoted-max": 1}
    words = {"resources": [{"id": "ms", "kind": "clone", "meta": clone, "members": MEMBERS}]}
    assert planned(words, resources=master) == ([], ())


def test_a_master_is_what_a_promotable_clone_is():
    clone = f'<clone id="ms">{meta(promoted_max=1, promotable="true")}{DUMMY}</clone>'
    master = {"id": "ms", "kind": "master", "meta": {"master-max": 1}, "members": MEMBERS}
    assert planned({"resources": [master]}, resources=clone) == ([], ())


@pytest.mark.parametrize("name", ["dc-version", "cluster-name", "have-watchdog"])
def test_what_the_cluster_writes_itself_is_left_to_it(name):
    crm = f'<cluster_property_set id="s"><nvpair id="p" name="{name}" value="x"/>'
    words = {"properties": {name: "from an older export"}}
    assert planned(words, crm=f"{crm}</cluster_property_set>") == ([], ())


def test_a_node_is_known_by_its_name():
    node = '<node id="1" uname="h1"/>'
    words = {"nodes": [{"id": "77", "name": "h1", "attributes": {"rack": "a"}}]}
    assert planned(words, nodes=node) == (["+ cib:node/h1/attribute/rack = a"], ())
