"""Reading the pillar: all mistakes at once, and what forms and YAML produce."""

from __future__ import annotations

import collections
import copy
import types

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from salt.loader.context import LoaderContext

from kvmha.errors import InvalidInput
from kvmha.spec import ClusterSpec, load


@pytest.fixture
def minimal(example):
    return example("minimal")


def problems(data):
    with pytest.raises(InvalidInput) as caught:
        load(data)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("name", ["minimal", "two_node", "three_node", "lab"])
def test_every_example_loads(name, example):
    assert isinstance(load(example(name)), ClusterSpec)


def test_units_become_milliseconds_and_bytes(example):
    spec = load(example("three_node"))
    assert spec.corosync.token == 5_000
    assert spec.vms[0].stop_timeout == 600_000
    assert spec.vms[0].memory == 16 * 1024**3


TEN_MISTAKES = """
cluster: {name: a-name-beyond-fifteen}
nodes:
  - {name: ha-host1, id: 1, links: [192.168.56.101]}
  - {name: ha-host2, id: 1, links: [192.168.56.300]}
  - {name: ha host3, id: 3.5, links: [192.168.56.103], adress: 192.168.57.103}
corosync: {token: 5}
fencing: {sbd: {devices: [dev/sbd]}}
storage: {filesystems: [{name: vmstore, device: /dev/sdb, mount: /srv/vmstore}]}
vms: [{name: db1, memory: 2GiB, filesystem: vmstor}]
"""


def test_ten_mistakes_give_ten_messages_each_with_place_and_hint():
    with pytest.raises(InvalidInput) as caught:
        load(yaml.safe_load(TEN_MISTAKES))
    found = caught.value.problems
    assert [(problem.place, problem.code) for problem in found] == [
        ("nodes[1].links[0]", "BAD_ADDRESS"),
        ("nodes[2].adress", "UNKNOWN_KEY"),
        ("nodes[2].name", "BAD_NAME"),
        ("nodes[2].id", "WRONG_KIND"),
        ("fencing.sbd.devices[0]", "BAD_PATH"),
        ("corosync.token", "BAD_DURATION"),
        ("cluster.name", "CLUSTER_NAME_LONG"),
        ("nodes[1].id", "NODE_ID_DUPLICATE"),
        ("storage.filesystems[0].device", "DEVICE_UNSTABLE"),
        ("vms[0].filesystem", "FILESYSTEM_UNKNOWN"),
    ]
    assert all(problem.hint for problem in found)
    assert str(caught.value).startswith("pillar kvmha has 10 mistakes:")


SHAPES = {
    "unknown key": (
        {"corosync.tokn": "5s"},
        "corosync.tokn: is no known key (hint: did you mean 'token'?) [UNKNOWN_KEY]",
    ),
    "unknown key like nothing": (
        {"cluster.colour": "red"},
        "cluster.colour: is no known key (hint: known are name) [UNKNOWN_KEY]",
    ),
    "misspelt required key is one mistake": (
        {"nodes[0]": {"name": "a", "id": 1, "link": ["192.168.56.101"]}},
        "nodes[0].link: is no known key (hint: did you mean 'links'?) [UNKNOWN_KEY]",
    ),
    "missing": (
        {"nodes[0].id": None},
        "nodes[0].id: is missing (hint: corosync's nodeid, for example 1) [MISSING]",
    ),
    "empty required list": (
        {"nodes[1].links": []},
        "nodes[1].links: is missing (hint: Its address on each link, "
        "for example 192.168.56.101) [MISSING]",
    ),
    "empty required text": (
        {"cluster.name": ""},
        "cluster.name: is missing (hint: Name of the cluster, at most 15 characters, "
        "for example alpha) [MISSING]",
    ),
    "blank in a list": (
        {"fencing.sbd.devices": ["/dev/disk/by-id/a", "", "/dev/disk/by-id/c"]},
        "fencing.sbd.devices[1]: is empty (hint: fill it in or take it out) [MISSING]",
    ),
    "text for a list": (
        {"nodes[0].links": "192.168.56.101"},
        "nodes[0].links: wanted a list, found '192.168.56.101' "
        "(hint: write [192.168.56.101]) [WRONG_KIND]",
    ),
    "mapping for a list": (
        {"fencing.sbd.devices": {"a": "/dev/b"}},
        "fencing.sbd.devices: wanted a list, found a mapping "
        "(hint: begin items with '- ') [WRONG_KIND]",
    ),
    "nothing but braces for a list": (
        {"vms": {}},
        "vms: wanted a list, found a mapping (hint: begin items with '- ') [WRONG_KIND]",
    ),
    "text for a mapping": (
        {"cluster": "alpha"},
        "cluster: wanted a mapping, found 'alpha' (hint: its keys are name) [WRONG_KIND]",
    ),
    "number for text": (
        {"cluster.name": 7},
        'cluster.name: wanted text, found 7 (hint: put it in quotes: "7") [WRONG_KIND]',
    ),
    "fraction for a number": (
        {"nodes[0].id": 1.5},
        "nodes[0].id: wanted a whole number, found 1.5 (hint: for example 1) [WRONG_KIND]",
    ),
    "boolean for a number": (
        {"nodes[0].id": True},
        "nodes[0].id: wanted a whole number, found True (hint: for example 1) [WRONG_KIND]",
    ),
    "number too small": (
        {"nodes[0].id": 0},
        "nodes[0].id: 0 is out of range (hint: at least 1 and at most 2147483647) [OUT_OF_RANGE]",
    ),
    "choice": (
        {"corosync.transport": "Knet"},
        "corosync.transport: 'Knet' is none of knet, udpu, udp "
        "(hint: did you mean 'knet'?) [NOT_A_CHOICE]",
    ),
    "duration without unit": (
        {"corosync.token": 5},
        "corosync.token: '5' has no unit (hint: write 5s or 5ms) [BAD_DURATION]",
    ),
    "duration that is none": (
        {"corosync.token": "soon"},
        "corosync.token: wanted a duration, found 'soon' (hint: for example 5s) [BAD_DURATION]",
    ),
    "duration of nothing": (
        {"corosync.token": "0s"},
        "corosync.token: '0s' is no time at all (hint: for example 5s) [OUT_OF_RANGE]",
    ),
    "size without unit": (
        {"vms": [{"name": "a", "memory": 2048}], "storage": {"filesystems": []}},
        "vms[0].memory: wanted a size with its unit, found 2048 "
        "(hint: for example 2GiB) [BAD_SIZE]",
    ),
    "address with prefix": (
        {"nodes[0].links": ["192.168.56.101/24"]},
        "nodes[0].links[0]: '192.168.56.101/24' is no IP address "
        "(hint: without the prefix length: 192.168.56.101) [BAD_ADDRESS]",
    ),
    "host name for an address": (
        {"nodes[0].links": ["ha-host1"]},
        "nodes[0].links[0]: 'ha-host1' is no IP address "
        "(hint: for example 192.168.56.101) [BAD_ADDRESS]",
    ),
    "relative device": (
        {"fencing.sbd.devices": ["disk/by-id/x"]},
        "fencing.sbd.devices[0]: 'disk/by-id/x' is no absolute path (hint: begin with '/', "
        "without '..', blanks and ';'; for example /dev/disk/by-id/scsi-sbd) [BAD_PATH]",
    ),
    "name with a blank": (
        {"nodes[0].name": "ha host1"},
        "nodes[0].name: 'ha host1' cannot be part of an id in Pacemaker's configuration "
        "(hint: letters, digits, '.', '-' and '_', first a letter or digit) [BAD_NAME]",
    ),
    "boolean that is none": (
        {"validate.failover": "perhaps"},
        "validate.failover: wanted true or false, found 'perhaps' "
        "(hint: write true or false) [WRONG_KIND]",
    ),
    "list among scalars": (
        {"libvirt.qemu_conf": {"user": ["root"]}},
        "libvirt.qemu_conf: user has to be text, number or boolean, not a list [WRONG_KIND]",
    ),
}


@pytest.mark.parametrize("case", SHAPES)
def test_one_mistake_is_told_once_with_place_and_hint(case, minimal, changed):
    changes, expected = SHAPES[case]
    told = problems(changed(minimal, changes))
    if "storage" in changes:
        told = [text for text in told if "VM_HOMELESS" not in text]
    assert told == [expected]


def test_rules_still_look_at_what_could_be_read(minimal, changed):
    data = changed(minimal, {"nodes[2]": {"name": "x y", "id": 2, "links": ["192.168.56.102"]}})
    assert [text.rpartition("[")[2] for text in problems(data)] == [
        "BAD_NAME]",
        "NODE_ID_DUPLICATE]",
        "LINK_DUPLICATE]",
    ]


def test_an_unreadable_node_is_not_taken_for_an_unknown_one(example, changed):
    data = changed(example("three_node"), {"nodes[0].name": "ha host1"})
    assert len(problems(data)) == 1  # db1 prefers ha-host1


def test_form_values_are_taken_for_what_they_mean(minimal, changed):
    form = {
        "nodes[0].id": 1.0,
        "nodes[1].id": "2",
        "nodes[0].minion": "",
        "corosync": {"token": "", "transport": ""},
        "storage": "",
        "vms": None,
        "validate": {"failover": "False", "vm": ""},
        "time": {"servers": [""]},
        "cib": {"properties": {"batch-limit": 30.0}},
        "consent": {"overwrite": ""},
    }
    spec = load(changed(minimal, {k: v for k, v in form.items() if v is not None}) | {"vms": None})
    assert [node.id for node in spec.nodes] == [1, 2]
    assert spec.nodes[0].minion_id == "ha-host1"
    assert spec.corosync.token == 5_000
    assert spec.validate.failover is False
    assert spec.time.servers == () and spec.vms == () and spec.consent.overwrite == ()
    assert spec.cib.property("batch-limit") == 30


BLANK_DISK = {"file": "", "size": "", "format": "raw", "source": "", "bus": "virtio"}
BLANK_VM = {"name": "", "memory": "", "vcpus": 1.0, "disks": [BLANK_DISK], "prefer": [""]}


def test_blank_items_of_a_form_are_none(minimal):
    data = minimal | {
        "vms": [BLANK_VM],
        "storage": {"filesystems": [{"name": "", "device": "", "max_nodes": "8"}]},
        "time": {"servers": [], "max_skew": "2s"},
    }
    assert load(data) == load(minimal)
    assert load(minimal | {"vms": [{}]}) == load(minimal)


@pytest.mark.parametrize(
    "said", [{"vcpus": 2}, {"nam": ""}, {"disks": [BLANK_DISK | {"bus": "ide"}]}, {"vcpus": "x"}]
)
def test_an_item_that_says_anything_is_one(said, minimal):
    assert any("vms[0].name" in text for text in problems(minimal | {"vms": [BLANK_VM | said]}))


def test_a_blank_item_beside_others_is_a_mistake_at_its_place(minimal):
    told = problems(minimal | {"vms": [{"name": "a", "memory": "1GiB"}, BLANK_VM]})
    assert [text.partition(" ")[0] for text in told[:2]] == ["vms[1].name:", "vms[1].memory:"]


@pytest.mark.parametrize("wrap", [collections.OrderedDict, types.MappingProxyType])
def test_any_mapping_is_a_spec(wrap, minimal):
    assert load(wrap(minimal)) == load(minimal)


def test_salts_own_pillar_object_is_a_spec(minimal):
    context = LoaderContext()
    pillar = context.named_context("__pillar__", minimal)
    assert load(pillar) == load(minimal)


def test_loading_leaves_its_input_as_it_was(example):
    data = example("three_node")
    before = copy.deepcopy(data)
    load(data)
    assert data == before


@pytest.mark.parametrize("data", [{}, None, ""])
def test_no_pillar_is_one_mistake(data):
    assert problems(data) == [
        "kvmha: is empty or missing (hint: give this minion pillar kvmha (pillar/examples), "
        "then run saltutil.refresh_pillar) [MISSING]"
    ]


def test_masked_values_are_one_mistake_that_says_where_to_read(minimal):
    def masked(data):
        if isinstance(data, dict):
            return {key: masked(value) for key, value in data.items()}
        return [masked(item) for item in data] if isinstance(data, list) else "**********"

    (told,) = problems(masked(minimal))
    assert told.startswith("cluster.name: is masked by Salt, as are 7 more values")
    assert "__pillar__['kvmha']" in told
    assert "__pillar__['kvmha']" in problems("**********")[0]


def test_masked_scalars_are_not_taken_for_text(minimal):
    data = minimal | {"cib": {"properties": {"batch-limit": "**********"}}}
    assert "[MASKED]" in problems(data)[0]


def test_the_key_kvmha_itself_is_one_mistake(minimal):
    assert "pass what stands below it" in problems({"kvmha": minimal})[0]


def test_paths_and_addresses_are_kept_in_one_spelling(minimal, changed):
    data = changed(minimal, {"nodes[0].links": ["FD00::0:1"], "nodes[1].links": ["fd00::2"]}) | {
        "storage": {"filesystems": [{"name": "a", "device": "/dev//x/a", "mount": "/srv//a/"}]}
    }
    spec = load(data)
    assert spec.nodes[0].links == ("fd00::1",)
    assert spec.storage.filesystems[0].device == "/dev/x/a"
    assert spec.storage.filesystems[0].mount == "/srv/a"


@pytest.mark.parametrize(
    ("place", "code"),
    [("nodes[0].id", "WRONG_KIND"), ("corosync.token", "BAD_DURATION")],
)
@pytest.mark.parametrize("suffix", ["", "s", ".0"])
def test_a_number_of_a_thousand_digits_is_a_mistake_like_others(
    place, code, suffix, minimal, changed
):
    (told,) = problems(changed(minimal, {place: "9" * 1000 + suffix}))
    assert code in told


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.just("**********"),
    st.lists(st.one_of(st.integers(), st.text(max_size=3)), max_size=2),
    st.dictionaries(st.text(max_size=4), st.integers(), max_size=2),
    st.lists(st.dictionaries(st.sampled_from(["name", "id", "x"]), st.integers()), max_size=2),
)


def spots(data, way=()):
    if isinstance(data, (dict, list)):
        for key in data if isinstance(data, dict) else range(len(data)):
            yield (*way, key)
            yield from spots(data[key], (*way, key))


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(draw=st.data())
def test_junk_anywhere_is_told_or_taken_but_never_a_traceback(draw, example):
    data = example("three_node")
    for _ in range(draw.draw(st.integers(1, 4))):
        way = draw.draw(st.sampled_from(list(spots(data))))
        inner = data
        for key in way[:-1]:
            inner = inner[key]
        inner[way[-1]] = copy.deepcopy(draw.draw(JUNK))
    try:
        load(data)
    except InvalidInput as error:
        assert error.problems
        assert all(problem.place and problem.message for problem in error.problems)
        assert len({str(problem) for problem in error.problems}) == len(error.problems)
