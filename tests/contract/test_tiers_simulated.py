"""Tiers and placement before Pacemaker's scheduler. Stories: tests/cases/tiers.

A story is a list of steps. What happens: ``do`` (options of crm_simulate; ``{vm-db1}`` is the
host of it, ``{beside-vip-ap}`` a member on the address's host, ``{other-ap}`` the host of
another), ``set`` (meta attributes), ``property``. What has to come of it: ``order`` of actions,
``never`` an action, ``stays``: resources no action is about, ``only`` these are acted upon,
``down``: exactly these do not run in the end, ``spread`` over so many hosts, ``at_once`` after
one transition.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kvmha.spec import load
from tests.contract.simulated import Simulated

STORIES = sorted((Path(__file__).parents[1] / "cases" / "tiers").glob("*.yaml"))


@pytest.fixture(params=STORIES, ids=lambda path: path.stem)
def story(request):
    return yaml.safe_load(request.param.read_text())


def test_story(story, example, changed, tmp_path):
    spec = load(changed(example("ap_db"), story.get("changed", {})))
    cluster = Simulated(spec, tmp_path, story.get("up"))
    for step in story["steps"]:
        before = dict(cluster.where)
        injections = [text.format(**names(before)) for text in step.get("do", [])]
        change(cluster, step)
        transitions = [cluster.once(*injections)]
        at_once(step, spec, before, cluster.where)
        if not step.get("once"):
            transitions += cluster.happens()
            at_rest(step, spec, cluster)
        actions(step, [one for each in transitions for one in each], before, injections)


def names(where):
    """Return what a step may name: resources by their hosts."""
    found = dict(where)
    vip = where.get("vip-ap")
    for vm in ("vm-ap1", "vm-ap2"):
        if vip and where.get(vm) == vip:
            found["beside-vip-ap"] = vm
        elif vip and vm in where:
            found["other-ap"] = where[vm]
    return found


def change(cluster, step):
    for resource, options in step.get("set", {}).items():
        for name, value in options.items():
            cluster.set_option(resource, name, value)
    for name, value in step.get("property", {}).items():
        cluster.set_property(name, value)


def at_once(step, spec, before, where):
    """Want the address, after one transition, where a member was up before."""
    if step.get("at_once"):
        up = {before[f"up-{vm.name}"] for vm in spec.members_of("ap")}
        assert where["vip-ap"] in up - {before["vip-ap"]}


def at_rest(step, spec, cluster):
    """Want what always holds, and what the step says of where everything is."""
    where = cluster.where
    for tier in spec.tiers:
        members = spec.members_of(tier.name)
        up = {where[name] for vm in members if (name := f"up-{vm.name}") in where}
        if tier.vip is not None:
            assert (where.get(f"vip-{tier.name}") in up) if up else f"vip-{tier.name}" not in where
    assert cluster.ours - {*where} - {f"up-{vm.name}" for vm in spec.vms} == {*step.get("down", ())}
    if "spread" in step:
        (number,) = set(step["spread"].values())
        assert len({where[name] for name in step["spread"]}) == number


def actions(step, done, before, injections):
    """Want the actions of a step to be those it allows, in the order it says."""
    about = {one.split()[1] for one in done}
    plain = [" ".join(one.split()[:2]) for one in done]
    for key in ("order", "order_too"):
        places = [plain.index(one) for one in step.get(key, ())]
        assert places == sorted(places)
    assert not {*step.get("never", ())} & {*plain}
    stays = step.get("stays", ())
    if stays == "other_hosts":
        lost = injections[0].partition("=")[2]
        stays = [name for name, host in before.items() if host != lost]
        assert stays
    assert not about & {*stays}
    if "only" in step:
        assert about == {*step["only"]}
