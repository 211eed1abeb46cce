"""Command line: ``python -m benchmarks cib``."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "_utils"))

from benchmarks import cib, peers, report
from kvmha.errors import KvmhaError


def main() -> int:
    """Measure, print the tables; return the exit code."""
    options, path = _asked()
    missing = peers.lacking(options.peers)
    if missing:
        print(f"error: these packages are missing: {', '.join(missing)}", file=sys.stderr)
        command = f"apt-get install --yes --no-install-recommends {' '.join(missing)}"
        print(f"hint: {command}", file=sys.stderr)
        return 2
    if os.geteuid() != 0:
        print("error: this needs root: it makes namespaces", file=sys.stderr)
        return 2
    found = cib.Measured(options)
    # A terminated run ends as Ctrl-C does; a shell's background ignores even that.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        cib.measure(found, lambda line: print(line, file=sys.stderr, flush=True))
        code = 0
    except KeyboardInterrupt:
        code = 130
    except KvmhaError as error:
        print(f"error: {error}", file=sys.stderr)
        code = 1
    print(report.text(found))  # what there is, when it was interrupted
    if path:
        path.write_text(json.dumps(found.to_dict(), indent=1) + "\n", encoding="utf-8")
    return code


def _asked() -> tuple[cib.Options, Path | None]:
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
    one.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    said = parser.parse_args()
    for name, known in ((said.peers, tuple(peers.PACKAGES)), (said.workload, ("peers115",))):
        if unknown := set(name) - set(known):
            parser.error(f"unknown: {', '.join(unknown)}; known are {', '.join(known)}")
    options = cib.Options(said.peers, said.sizes, said.workload, said.runs, said.sample)
    return options, said.json


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(sorted({int(word) for word in _words(text)}))


if __name__ == "__main__":
    sys.exit(main())
