"""Mistakes of a pillar file are told with their lines."""

from __future__ import annotations

import pytest
import yaml

from kvmha import pillar_file
from kvmha.errors import Problem

TEXT = """\
# a comment
kvmha:
  cluster: {name: alpha}
  nodes:
    - name: ha-host1
      id: 1
    - {name: ha-host2, id: 1,
       links: [192.168.56.102,
               192.168.56.103]}
  "odd.key": {deep: 1}
  base: &base
    token: 5s
  corosync:
    <<: *base
    consensus: 6s
"""


def position(place, text=TEXT):
    root = yaml.compose(text, yaml.SafeLoader)
    (found,) = pillar_file.located(root, [Problem(place, "is wrong")])
    return found.line, found.column


@pytest.mark.parametrize(
    ("place", "where"),
    [
        ("cluster", (3, 3)),
        ("cluster.name", (3, 13)),
        ("nodes[0]", (5, 7)),
        ("nodes[0].id", (6, 7)),
        ("nodes[1].id", (7, 24)),
        ("nodes[1].links[1]", (9, 16)),
        ("odd.key", (10, 3)),
        ("odd.key.deep", (10, 15)),
        ("corosync.consensus", (15, 5)),
        ("corosync.token", (12, 5)),
        ("kvmha", (2, 1)),
    ],
)
def test_a_place_is_found_where_its_key_stands(place, where):
    assert position(place) == where


@pytest.mark.parametrize(
    ("place", "where"),
    [
        ("nodes[0].links", (5, 7)),
        ("nodes[0].links[0]", (5, 7)),
        ("nodes[7].id", (4, 3)),
        ("fencing", (2, 1)),
        ("fencing.sbd.devices", (2, 1)),
        ("cluster.name.more", (3, 13)),
        ("name", (2, 1)),
    ],
)
def test_what_is_missing_is_told_at_the_nearest_place_above(place, where):
    assert position(place) == where


def test_of_a_key_that_stands_twice_the_last_counts():
    assert position("a.b", "kvmha:\n  a: {b: 1}\n  a: {b: 2}\n") == (3, 7)


@pytest.mark.parametrize("text", ["kvmha:\n", "kvmha: text\n", "kvmha: [1]\n"])
def test_a_document_of_another_shape_has_places_too(text):
    assert position("nodes[0].id", text) == (1, 1)


def repeated(text):
    return [str(found) for found in pillar_file.repeated_keys(yaml.compose(text, yaml.SafeLoader))]


def test_keys_that_stand_twice_are_found_at_any_depth():
    text = "kvmha:\n  nodes:\n    - {id: 1, name: a, id: 2}\n  nodes: []\nother: 1\nother: 2\n"
    told = repeated(text)
    assert [line.partition(" ")[0] for line in told] == ["6:1:", "4:3:", "3:24:"]
    assert [line.split(" ")[1] for line in told] == ["other:", "nodes:", "nodes[0].id:"]
    assert "is there already, on line 2" in told[1]


def test_a_key_that_overrides_a_merged_one_stands_there_once():
    assert repeated("a: &a {id: 1}\nb: {<<: *a, id: 2}\n") == []


def test_an_anchor_within_itself_ends():
    assert repeated("a: &a [*a, {x: 1, x: 2}]\n") != []


def test_a_number_and_its_text_are_two_keys():
    assert repeated('a: {1: x, "1": y}\n') == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\n  b: {{ x }}\n", "2:6: file: has Jinja in it"),
        ("{% set x = 1 %}\nkvmha: {}\n", "1:1: file: has Jinja in it"),
        ("#!jinja|yaml\n\n {# c #}", "3:2: file: has Jinja in it"),
        ("#!py\ndef run(): ...\n", "1:1: file: is written for the renderer py"),
        ("#!jinja|yaml|gpg\na: 1\n", "1:1: file: is written for the renderer jinja|yaml|gpg"),
    ],
)
def test_what_salt_has_to_render_is_said(text, told):
    found = str(pillar_file.unrendered(text))
    assert found.startswith(told)
    assert "salt-run pillar.show_pillar" in found


@pytest.mark.parametrize(
    "text", ["kvmha: {}\n", "#!yaml\na: '{{ as it is }}'\n", "#!jinja|yaml\na: 1\n", "#!json\n{}"]
)
def test_plain_yaml_needs_no_rendering(text):
    assert pillar_file.unrendered(text) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", "3:2: file: is no YAML: while parsing a flow sequence; "),
        ("a:\n\t- 1\n", "2:1: file: is no YAML: while scanning for the next token; "),
        ("a: b: c\n", "1:5: file: is no YAML: mapping values are not allowed here"),
        ("a: *gone\n", "1:4: file: is no YAML: found undefined alias 'gone'"),
        (
            "a:\n b: \x01\n",
            "2:5: file: is no YAML: unacceptable character #x0001: special characters",
        ),
    ],
)
def test_broken_yaml_is_told_with_its_line(text, told):
    with pytest.raises(yaml.YAMLError) as caught:
        yaml.compose(text, yaml.SafeLoader)
    found = str(pillar_file.not_yaml(caught.value, text))
    assert found.startswith(told)
    assert "(hint: " in found and "\n" not in found


@pytest.mark.parametrize("text", ["", "a: 1\n", "- kvmha\n", "kvmha\n"])
def test_a_file_without_the_key_is_said(text):
    assert "has no key kvmha" in str(pillar_file.without_key(yaml.compose(text, yaml.SafeLoader)))
