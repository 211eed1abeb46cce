"""The vocabulary's classes behave as frozen dataclasses do."""

from __future__ import annotations

import copy
import dataclasses

import pytest

from kvmha.spec.cib import Constraint
from kvmha.spec.cib_parts import NvSet, Pair
from kvmha.spec.storage import Filesystem


def location(**more):
    return Constraint(kind="location", id="here", rsc="web", **more)


def test_equal_values_are_equal_and_hash_alike_in_whatever_order_they_were_said():
    one = Filesystem(name="vmstore", device="/dev/sdb", mount="/srv/vmstore")
    other = Filesystem(mount="/srv/vmstore", device="/dev/sdb", name="vmstore")
    assert one == other
    assert len({one, other}) == 1
    assert one != dataclasses.replace(one, name="other")
    assert NvSet() != Pair()


def test_a_value_cannot_be_set_or_deleted():
    with pytest.raises(dataclasses.FrozenInstanceError, match="score"):
        location().score = 5
    with pytest.raises(dataclasses.FrozenInstanceError, match="id"):
        del location().id


def test_replace_and_copy_and_fields_know_them():
    assert dataclasses.replace(location(), score="5") == location(score="5")
    assert copy.deepcopy(location()) == location()
    assert dataclasses.asdict(NvSet(values={"a": 1}))["values"] == {"a": 1}
    assert [field.name for field in dataclasses.fields(Constraint)][:2] == ["kind", "id"]


def test_what_is_made_by_a_factory_is_each_objects_own():
    assert NvSet().values is not NvSet().values


def test_a_name_that_is_no_field_is_refused():
    with pytest.raises(TypeError, match="Constraint has no nod, rcs"):
        Constraint(kind="location", id="here", rcs="web", nod="a")


def test_a_field_without_a_default_is_needed():
    with pytest.raises(TypeError, match="Constraint needs id, kind"):
        Constraint(rsc="web")


def test_an_object_shows_what_it_holds():
    assert "rsc='web'" in repr(location())
