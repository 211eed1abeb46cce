"""The record of a drill as JUnit XML: a test case for each step and each invariant.

The form is what Jenkins' junit-10.xsd allows, which GitLab and GitHub's actions read as well.
All that went wrong is a failure: readers differ on how an error is written.
"""

from __future__ import annotations

import re

from lxml import etree

from kvmha.drills.record import Record
from kvmha.drills.report import facts

_ENDED = "The drill ran to its end and the cluster is healed"
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, Char


def of_record(record: Record) -> str:
    """Return the drill as one suite. A record that did not pass has at least one failure."""
    suite = etree.Element("testsuite", name=_clean(f"kvmha.{record.cluster}.{record.scenario}"))
    _properties(suite, record)
    for number, step in enumerate(record.steps, 1):
        case = _case(suite, record, f"step {number}: {step.name}", step.seconds)
        if step.verdict in facts.WRONG:
            _say(
                case,
                step.verdict,
                "; ".join(step.why) or step.verdict,
                _evidence(record, number - 1),
            )
    broken = dict.fromkeys([*record.invariants, *(one.invariant for one in record.breaches)])
    for name in broken:
        case = _case(suite, record, name, record.seconds)
        found = [one for one in record.breaches if one.invariant == name]
        if found:
            evidence = "\n".join(f"at {one.at:.1f} s: {one.evidence}" for one in found)
            _say(case, "broken", found[0].evidence, evidence)
    _end(suite, record)
    suite.set("tests", str(len(suite.findall("testcase"))))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", "0")
    suite.set("skipped", "0")
    suite.set("time", f"{record.seconds:.3f}")
    suite.set("timestamp", _clean(record.began[:19]))
    root = etree.Element("testsuites")
    root.append(suite)
    said = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return said.decode()


def _end(suite: etree._Element, record: Record) -> None:
    """The last case fails when the drill was cut short, left something behind, or just failed."""
    case = _case(suite, record, _ENDED, record.seconds)
    told = suite.find("testcase/failure") is not None
    left = record.verdict == "interrupted" or not record.healed or record.problems
    if left or (record.verdict != "passed" and not told):
        verdict = facts.verdict(record)
        _say(case, record.verdict, verdict, "\n".join(record.problems) or verdict)


def _properties(suite: etree._Element, record: Record) -> None:
    said = {"id": record.id, "verdict": record.verdict, "looks": str(len(record.watched))}
    said |= {f"setting {name}": value for name, value in sorted(record.settings.items())}
    said |= {f"version {name}": value for name, value in sorted(record.versions.items())}
    for one in record.absences:
        said[f"seconds away {one.name}"] = f"{one.seconds:.1f}"
        if one.worst:
            said[f"seconds allowed {one.name}"] = f"{one.worst:.1f}"
    properties = etree.SubElement(suite, "properties")
    for name, value in said.items():
        etree.SubElement(properties, "property", name=_clean(name), value=_clean(value))


def _case(suite: etree._Element, record: Record, name: str, seconds: float) -> etree._Element:
    where = _clean(f"{record.cluster}.{record.scenario}")
    attributes = {"classname": where, "name": _clean(name), "time": f"{seconds:.3f}"}
    return etree.SubElement(suite, "testcase", attributes)


def _say(case: etree._Element, kind: str, message: str, evidence: str) -> None:
    found = etree.SubElement(case, "failure", type=_clean(kind), message=_clean(message))
    found.text = _clean(evidence)


def _evidence(record: Record, number: int) -> str:
    step = record.steps[number]
    seen = facts.standings(step, facts.before(record, number))
    lines = [*step.why, *(f"observed: {line}" for line in seen)]
    return "\n".join([*lines, *(f"predicted: {facts.words(one)}" for one in step.predicted)])


def _clean(words: str) -> str:
    """Return ``words`` without what XML cannot hold."""
    return _FORBIDDEN.sub("\ufffd", words)
