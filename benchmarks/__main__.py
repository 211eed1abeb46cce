"""Command line: ``python -m benchmarks cib`` and ``python -m benchmarks lab``."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "_utils"))

from benchmarks import cib, lab, peers, report
from kvmha.errors import KvmhaError
from lab.errors import LabError


def main() -> int:
    """Measure, print the tables; return the exit code."""
    said = _asked()
    if os.geteuid() != 0:
        print("error: this needs root: it makes namespaces", file=sys.stderr)
        return 2
    # A terminated run ends as Ctrl-C does; a shell's background ignores even that.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    return _lab(said) if said.command == "lab" else _cib(said)


def _cib(said: argparse.Namespace) -> int:
    missing = peers.lacking(said.peers)
    if missing:
        print(f"error: these packages are missing: {', '.join(missing)}", file=sys.stderr)
        command = f"apt-get install --yes --no-install-recommends {' '.join(missing)}"
        print(f"hint: {command}", file=sys.stderr)
        return 2
    options = cib.Options(said.peers, said.sizes, said.workload, said.runs, said.sample)
    found = cib.Measured(options)
    return _measured(said, found, lambda: cib.measure(found, _say), report.text)


def _lab(said: argparse.Namespace) -> int:
    found = lab.Measured()
    return _measured(said, found, lambda: lab.measure(found, said.runs, _say), lab.text)


def _measured(
    said: argparse.Namespace, found: Any, measure: Callable[[], None], text: Callable[[Any], str]
) -> int:
    """Measure, and show what there is even when it was interrupted."""
    try:
        measure()
        code = 0
    except KeyboardInterrupt:
        code = 130
    except (KvmhaError, LabError) as error:
        print(f"error: {error}", file=sys.stderr)
        code = 1
    print(text(found))
    if said.json:
        said.json.write_text(json.dumps(found.to_dict(), indent=1) + "\n", encoding="utf-8")
    return code


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("cib", help="apply configurations of Pacemaker, beside other tools")
    one.add_argument("--peers", type=_words, default=("crmsh", "pcs"), metavar="crmsh,pcs",
                     help="tools to compare with; '' for none")  # fmt: skip
    one.add_argument("--sizes", type=_numbers, default=(10, 100, 200, 500, 2000),
                     help="primitives, each with two constraints; '' for none")  # fmt: skip
    one.add_argument("--workload", type=_words, default=("peers115",), metavar="peers115",
                     help="named workloads; '' for none")  # fmt: skip
    one.add_argument("--runs", type=int, default=3, help="runs of which the median is taken")
    one.add_argument("--sample", type=int, default=20,
                     help="objects to measure where a tool takes a command for each")  # fmt: skip
    two = commands.add_parser("lab", help="failover and provisioning on a cluster in the lab")
    two.add_argument("--runs", type=int, default=3, help="runs of which the median is taken")
    for command in (one, two):
        command.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    said = parser.parse_args()
    if said.command == "lab":
        return said
    for name, known in ((said.peers, tuple(peers.PACKAGES)), (said.workload, ("peers115",))):
        if unknown := set(name) - set(known):
            parser.error(f"unknown: {', '.join(unknown)}; known are {', '.join(known)}")
    return said


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(sorted({int(word) for word in _words(text)}))


if __name__ == "__main__":
    sys.exit(main())
