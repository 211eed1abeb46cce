"""``./demo``: from bare nodes to a validated HA VM in the lab, told as it happens."""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from lab import control, saltmaster
from lab.api import Lab
from lab.errors import LabError


def main(argv: list[str] | None = None) -> int:
    """Run the demo; return the exit status."""
    asked = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, _interrupt)
    lab = Lab(asked.name, say=_say)
    keep = False
    try:
        _say(f"== Booting three {asked.image} nodes, a SAN and a Salt {asked.salt} master")
        lab.up(salt=asked.salt, image=asked.image, mem=asked.mem)
        report = _story(lab)
        if asked.report:
            Path(asked.report).write_text(json.dumps(report, indent=2) + "\n")
            _say(f"report: {asked.report}")
        keep = asked.keep
        return 0
    except LabError as error:
        _say(f"error: {error}")
        keep = asked.keep
        if lab.is_up():
            _say(f"evidence: {lab.evidence()}")
        return 1
    except KeyboardInterrupt:
        _say("interrupted")
        return 130
    finally:
        _end(lab, keep)


def _story(lab: Lab) -> dict[str, Any]:
    """Deploy, deploy again; return the report."""
    _say("== salt-run kvmha.deploy: bare nodes to a validated, failed-over VM")
    first = _deploy(lab)
    _say("== The same again: nothing may change")
    began = time.monotonic()
    second = _deploy(lab)
    seconds = round(time.monotonic() - began, 1)
    changes = second["changes"]
    if changes:
        raise LabError(f"the second run changed {changes} things")
    _say(f"second run: 0 changes in {seconds} s")
    return {
        "stages": first["stages"],
        "second_run": {"changes": changes, "seconds": seconds},
        "failover": first["failover"],
        "versions": first["versions"],
    }


def _deploy(lab: Lab) -> dict[str, Any]:
    """Run the main job, its progress on our own error output; return its report."""
    words = ["salt-run", "--out=json", "-l", "quiet", "kvmha.deploy"]
    done = subprocess.run(
        [*control.inside(lab.paths), *words],
        env=saltmaster.environment(lab.spec),
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        raise LabError(f"the deployment failed (exit status {done.returncode})", "see above")
    report = json.loads(done.stdout)
    if not isinstance(report, dict):  # Salt's own words, with exit status 0
        raise LabError(f"the deployment did not begin: {report}", "see the master's log")
    return report


def _end(lab: Lab, keep: bool) -> None:
    if keep and lab.is_up():
        _say(
            f"\nThe lab is up. Enter it:\n"
            f"  python3 -m lab ssh --name {lab.name} ha-host1\n"
            f"  python3 -m lab run --name {lab.name} ha-host1 crm_mon -1\n"
            f"  python3 -m lab down --name {lab.name}"
        )
        return
    _say("== Taking the lab down")
    lab.down()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--report", metavar="FILE", help="write the figures as JSON")
    parser.add_argument("--keep", action="store_true", help="leave the lab up")
    parser.add_argument("--salt", choices=("3006", "3008"), default="3008")
    parser.add_argument("--image", choices=("bare", "prepared"), default="bare")
    parser.add_argument("--mem", default="1024M", help="memory of a node")
    parser.add_argument("--name", default="demo", help="name of the lab")
    return parser


def _say(line: str) -> None:
    print(line, flush=True)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
