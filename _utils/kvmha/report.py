"""What a run of the orchestration did, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_STAGE = "kvmha_|-Stage: "


def of_run(results: Any, *, seconds: float, test: bool) -> dict[str, Any]:
    """Return a report of the state results of an orchestration.

    Keys: ``result``, ``test``, ``seconds``, ``stages`` ([{name, seconds}] in order),
    ``changes`` (count, on nodes and master), ``changed`` ([lines]), ``failover`` (None, or
    seconds, detection, fencing, start, fenced, host), ``vms`` (a sentence) and ``failures``
    ([lines]). ``results`` that are a list are Salt's own words for what it could not compile.
    """
    if not isinstance(results, Mapping):
        words = [str(line) for line in results] if isinstance(results, list) else [str(results)]
        return _empty(test, seconds) | {"result": False, "failures": words}
    ordered = sorted(results.items(), key=lambda item: int(item[1].get("__run_num__", 0)))
    changed = [line for _, each in ordered for line in _changes(each)]
    return {
        "result": all(each["result"] is not False for _, each in ordered),
        "test": test,
        "seconds": round(seconds, 1),
        "stages": _stages(ordered),
        "changes": len(changed),
        "changed": changed,
        "failover": _failover(ordered),
        "vms": _vms(ordered),
        "failures": [line for _, each in ordered for line in _failures(each)],
    }


def text(report: Mapping[str, Any]) -> str:
    """Return the report as a summary for a person."""
    lines = [f"  {stage['name']:<14}{stage['seconds']:8.1f} s" for stage in report["stages"]]
    lines.append(f"  {'all':<14}{report['seconds']:8.1f} s")
    would = "would be " if report["test"] else ""
    lines.append(f"{report['changes']} change{'s' * (report['changes'] != 1)} {would}made")
    if report["vms"]:
        lines.append(report["vms"])
    if report["failover"]:
        proof = report["failover"]
        lines.append(
            f"failover: {proof['fenced']} fenced, back on {proof['host']} after"
            f" {proof['seconds']:.0f} s (detection {proof['detection']:.0f},"
            f" fencing {proof['fencing']:.0f}, start {proof['start']:.0f})"
        )
    lines += [f"FAILED  {line}" for line in report["failures"]]
    if report["result"]:
        lines.append("Nothing was changed: a preview." if report["test"] else "The cluster is up.")
    return "\n".join(lines)


def _empty(test: bool, seconds: float) -> dict[str, Any]:
    return {
        "result": True,
        "test": test,
        "seconds": round(seconds, 1),
        "stages": [],
        "changes": 0,
        "changed": [],
        "failover": None,
        "vms": "",
        "failures": [],
    }


def _stages(ordered: list[tuple[str, Any]]) -> list[dict[str, Any]]:
    """A stage lasts as long as its states, from its mark to the next."""
    stages: list[dict[str, Any]] = []
    for tag, each in ordered:
        if _skipped(each):
            continue
        if tag.startswith(_STAGE):
            stages.append({"name": each["name"], "seconds": 0.0})
        elif stages:
            spent = float(each.get("duration") or 0) / 1000
            stages[-1]["seconds"] = round(stages[-1]["seconds"] + spent, 1)
    return stages


def _skipped(each: Mapping[str, Any]) -> bool:
    """What waited for something that failed; Salt 3006 tells it by these words only."""
    return str(each.get("comment", "")).startswith("One or more requisite failed")


def _changes(each: Mapping[str, Any]) -> Iterator[str]:
    """A ``salt.state`` carries node -> its results, any other state its own changes."""
    changes = each.get("changes") or {}
    if changes.get("out") == "highstate":
        for node, results in changes["ret"].items():
            for result in results.values() if isinstance(results, Mapping) else ():
                for address in result.get("changes") or ():
                    yield f"{node}: {address}"
        return
    for address in changes:
        yield f"master: {address}"


def _failures(each: Mapping[str, Any]) -> Iterator[str]:
    if each["result"] is not False or _skipped(each):
        return
    changes = each.get("changes") or {}
    nested = []
    if changes.get("out") == "highstate":
        for node, results in changes["ret"].items():
            for result in results.values() if isinstance(results, Mapping) else ():
                if result["result"] is False and not _skipped(result):
                    nested.append(f"{node}: {result['__id__']}: {result['comment']}")
    yield from nested or [f"{each['__id__']}: {each['comment']}"]


def _failover(ordered: list[tuple[str, Any]]) -> Any:
    for _, each in ordered:
        for address, change in (each.get("changes") or {}).items():
            if address.startswith("failover:") and isinstance(change.get("new"), Mapping):
                return change["new"]
    return None


def _vms(ordered: list[tuple[str, Any]]) -> str:
    if proof := _failover(ordered):
        return f"the failover left the virtual machine on {proof['host']}"
    for _, each in ordered:
        if each.get("__id__") == "The cluster is validated" and each["result"]:
            return str(each["comment"])
    return ""
