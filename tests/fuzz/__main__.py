"""``python -m tests.fuzz pillars --count 20000``: break inputs, tell what is no KvmhaError."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "_utils"))

from tests.fuzz import cibs, pillars
from tests.fuzz.report import run

ATTEMPTS = {"pillars": pillars.attempt, "cibs": cibs.attempt, "plans": cibs.attempt_plan}


def main() -> int:
    """Run one kind of input; return 1 when anything went wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("what", choices=tuple(ATTEMPTS))
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0, help="of the first input")
    chosen = parser.parse_args()
    report = run(ATTEMPTS[chosen.what], range(chosen.seed, chosen.seed + chosen.count))
    print(report.text())
    return 1 if report.bugs else 0


sys.exit(main())
