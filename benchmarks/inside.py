"""What runs in a process of its own: ``python -m benchmarks.inside plan|apply DOCUMENT [RUNS]``.

``apply`` brings the node's CIB to the document once; ``plan`` only computes, RUNS times for
each phase. Both print JSON: seconds, and this process's memory at its peak, in MiB.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from pathlib import Path
from typing import Any

started = time.monotonic()

from kvmha.build import cib as build  # noqa: E402 - the seconds of importing are measured
from kvmha.documents import cib, cib_merge  # noqa: E402
from kvmha.spec import load_part  # noqa: E402
from kvmha.tools import pacemaker  # noqa: E402
from kvmha.tools.agent_types import Typed  # noqa: E402
from kvmha.tools.agents import Catalogue  # noqa: E402
from kvmha.tools.runner import Result, Runner  # noqa: E402

IMPORTING = time.monotonic() - started


class Timed(Runner):
    """Sums the seconds of its programs."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0

    def run(self, argv: Any, **options: Any) -> Result:
        """Run it as any Runner does."""
        done = super().run(argv, **options)
        self.seconds += done.seconds
        return done


def apply(document: dict[str, Any]) -> dict[str, Any]:
    """Bring the node's CIB to ``document``."""
    runner = Timed()
    began = time.monotonic()
    changed, _ = pacemaker.apply(runner, wanted(document, runner))
    seconds = time.monotonic() - began
    return {
        "seconds": seconds,
        "own": seconds - runner.seconds,
        "children": runner.started,
        "changes": len(changed.changes),
        "importing": IMPORTING,
    }


def plan(document: dict[str, Any], runs: int) -> dict[str, Any]:
    """Plan ``document`` against an empty CIB, against itself, and with one value changed.

    The seconds are of the CPU: planning waits for nothing, and other work on the machine
    should not look like growth.
    """
    runner = Runner()
    full, _, _ = cib_merge.edit(cib.EMPTY, wanted(document, runner))
    drifted = full.replace('value="wanted"', 'value="drifted"', 1)
    found = {}
    for phase, text in (("first", cib.EMPTY), ("no-op", full), ("drift", drifted)):
        times = []
        for _ in range(runs):
            began = time.process_time()
            said = wanted(document, runner)
            new, changes, _ = cib_merge.edit(text, said)
            if changes:
                said.types.judge(cib.parse(new), changes)
            times.append(time.process_time() - began)
        found[phase] = statistics.median(times)
    return {"seconds": found, "importing": IMPORTING}


def wanted(document: dict[str, Any], runner: Runner) -> cib.Wanted:
    """Return what the document wants, as ``_modules/pacemaker.py`` makes it."""
    part = load_part(document)
    types = Typed(Catalogue(runner), refuse=part.agents == "refuse")
    return build.of_words(part.cib, unmanaged=part.unmanaged, types=types)


def main() -> None:
    """Do it and print what it cost."""
    verb, path, *rest = sys.argv[1:]
    document = json.loads(Path(path).read_text(encoding="utf-8"))
    said = apply(document) if verb == "apply" else plan(document, int(rest[0]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**said, "peak_mib": peak}))


if __name__ == "__main__":
    main()
