"""corosync.conf to pillar and back: nothing but comments is lost, whoever wrote the file."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kvmha.build import corosync_conf as build
from kvmha.build.corosync_export import export
from kvmha.documents import corosync_conf, corosync_diff
from kvmha.errors import InvalidInput
from kvmha.spec import is_part, load_part
from kvmha.spec.corosync import CorosyncPart
from kvmha.spec.corosync_words import lists, words

CASES = sorted((Path(__file__).parents[1] / "cases" / "corosync_export").iterdir())


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request):
    text = (request.param / "corosync.conf").read_text()
    return request.param, corosync_conf.parse(text)


def check_round_trip(document):
    """From the file to the pillar, with YAML between, and back: to the file it was, and anew."""
    pillar = yaml.safe_load(yaml.safe_dump(export(document)))
    if not corosync_conf.flatten(document):
        return
    assert is_part(pillar)
    part = load_part(pillar)
    assert corosync_diff.diff(document, build.build(part, document), running=True) == ()
    assert build.unmanaged(part, document) == ()
    anew = corosync_conf.parse(corosync_conf.render(build.build(part)))
    assert corosync_conf.flatten(anew) == corosync_conf.flatten(document)
    assert export(anew) == export(document)


def test_export_is_the_recorded_one(case):
    folder, document = case
    assert export(document) == yaml.safe_load((folder / "export.yaml").read_text())


def test_nothing_is_lost_on_the_way_to_the_pillar_and_back(case):
    check_round_trip(case[1])


def test_an_export_touches_no_byte_of_the_file_it_was_taken_from(case):
    _, document = case
    # Of a key that is said twice, the value that does not count goes.
    document = build.build(load_part(export(document)), document)
    part = load_part(export(document))
    assert corosync_conf.render(build.build(part, document)) == corosync_conf.render(document)


def test_removing_what_is_not_in_the_pillar_finds_nothing_after_an_export(case):
    _, document = case
    part = load_part(export(document) | {"unmanaged": "remove"})
    assert corosync_diff.diff(document, build.build(part, document), running=True) == ()


# --- what cannot be said -----------------------------------------------------------------------


def problems(text):
    with pytest.raises(InvalidInput) as caught:
        export(corosync_conf.parse(text))
    assert all(problem.hint and problem.code for problem in caught.value.problems)
    return [(problem.place, problem.message) for problem in caught.value.problems]


def test_a_secret_is_not_exported_and_not_shown():
    text = "totem {\n  version: 2\n  key: dGhlLXNlY3JldA\n}\n"
    (problem,) = problems(text)
    assert problem == ("corosync.conf:3", "totem.key is a secret and is not exported")


def test_a_secret_is_not_shown_in_a_plan():
    old = corosync_conf.parse("totem {\n  key: dGhlLXNlY3JldA\n}\n")
    (change,) = corosync_diff.diff(old, corosync_conf.Section(), running=True)
    assert change.address == "corosync.conf:totem.key"
    assert change.old.startswith("secret ") and "dGhl" not in change.text()


def test_two_values_that_both_count_are_named_with_their_lines():
    text = "uidgid {\n  uid: a\n  uid: b\n}\nfuture {\n  x: 1\n}\nfuture {\n  x: 2\n}\n"
    assert problems(text) == [
        ("corosync.conf:9", "future.x stands on line 6 too, with another value"),
        ("corosync.conf:3", "uid stands on line 2 too, with another value"),
    ]


def test_a_value_in_the_place_of_a_section_is_named():
    text = "totem {\n  interface: 1\n}\n"
    assert problems(text) == [("corosync.conf:2", "totem.interface is the name of a section")]


def test_of_a_known_key_the_last_value_counts():
    document = corosync_conf.parse("totem {\n  token: 1000\n  token: 2000\n}\n")
    assert export(document) == {"corosync": {"token": "2s"}}


# --- any document ------------------------------------------------------------------------------

SCOPES = {"": CorosyncPart} | {
    word.path: word.meta.of for word in words(CorosyncPart) if word.meta.many
}
VALUES = ["", "0", "1", "2", "yes", "no", "on", "off", "none", "5000", "05", "knet", "udpu", "x: y"]
VALUES += ["Füße", "10.0.0.1", "a  b", "}", "true", "-1", "1.5", "#1", "**", "null", "\x0b"]


def known_keys():
    return sorted({word.path.rpartition(".")[2] for s in SCOPES.values() for word in words(s)})


NAMES = st.sampled_from(
    [
        *("a", "b", "totem", "interface", "member", "nodelist", "node", "quorum", "device"),
        *("net", "heuristics", "disk", "logging", "logger_subsys", "logger", "service"),
        *("uidgid", "nozzle"),
    ]
)
KEYS = st.sampled_from(
    [*known_keys(), "a", "b.c", "exec_ping", "exec_", "ring9_addr", "*", "totem.x"]
)
PAIRS = st.tuples(KEYS, st.sampled_from(VALUES)).map(": ".join)
LINES = st.recursive(
    st.lists(PAIRS, max_size=3),
    lambda inner: st.lists(
        st.tuples(NAMES, inner).map(lambda part: "\n".join([f"{part[0]} {{", *part[1], "}"])),
        max_size=4,
    ),
    max_leaves=12,
)


@settings(max_examples=400, deadline=None)
@given(LINES)
def test_any_document_is_exported_without_loss_or_an_error_with_lines(lines):
    document = corosync_conf.parse("\n".join(lines))
    try:
        export(document)
    except InvalidInput as error:
        assert all(problem.place.startswith("corosync.conf:") for problem in error.problems)
        return
    check_round_trip(document)


@st.composite
def parts(draw, scope=CorosyncPart):
    """Draw a pillar of a scope: any of its words, each as its example says it."""
    said = {}
    for word in words(scope):
        if not draw(st.booleans()):
            continue
        inner = said
        *way, last = word.place
        if word.meta.many:
            value = [draw(parts(word.meta.of)) | identity(word.path, i) for i in range(2)]
        else:
            value = word.meta.example
        for name in way:
            inner = inner.setdefault(name, {})
        inner[last] = value
    return said


def identity(path, number):
    """Return what tells two sections apart; without it they would be one."""
    keys = corosync_conf.REPEATED.get(path, ("memberaddr",))
    return {keys[0]: number if keys[0] == "linknumber" else f"n{number}"}


@settings(max_examples=60, deadline=None)
@given(parts().filter(bool))
def test_whatever_the_pillar_says_is_read_back_from_the_file(said):
    part = load_part({"corosync": said})
    document = corosync_conf.parse(corosync_conf.render(build.build(part)))
    assert load_part(export(document) or {"corosync": {}}) == part


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from("{}:#\n\r\t ab\x00\x0b\u2028é\udcff"), max_size=60))
def test_garbage_is_read_or_refused_with_line_numbers(text):
    try:
        document = corosync_conf.parse(text)
        export(document)
    except InvalidInput as error:
        assert all(problem.place.startswith("corosync.conf") for problem in error.problems)
        return
    check_round_trip(document)


# --- the table ---------------------------------------------------------------------------------


def test_repeated_sections_are_those_of_the_vocabulary():
    found = set(lists(CorosyncPart))
    for path, scope in SCOPES.items():
        found |= {f"{path}.{name}" for name in lists(scope) if path}
    assert found == set(corosync_conf.REPEATED)
