"""Waits until every minion answers ``test.ping``; run by the master's own Python.

``python ping.py CONFIG_DIR SECONDS ID...`` prints each id when it has answered; status 1 and the
ids that have not when the time is up.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any


def main(config: str, seconds: float, wanted: set[str]) -> int:
    """Ask those whose keys the master has accepted, again and again, until all have answered."""
    deadline = time.monotonic() + seconds
    accepted = Path(config).parent / "pki/minions"
    client: Any = None
    jobs: list[str] = []
    while wanted and time.monotonic() < deadline:
        known = sorted({p.name for p in accepted.glob("*")} & wanted)
        if known:
            client = client or _client(config)
            job = client.run_job(known, "test.ping", tgt_type="list", listen=False)
            jobs += [job["jid"]] if job else []
        again = time.monotonic() + 3
        while wanted and time.monotonic() < again:
            time.sleep(0.3)
            for minion in sorted({m for j in jobs for m in client.get_cache_returns(j)} & wanted):
                wanted.discard(minion)
                print(minion, flush=True)
    if wanted:
        print("no answer from " + ", ".join(sorted(wanted)), file=sys.stderr)
    return 1 if wanted else 0


def _client(config: str) -> Any:
    import salt.client  # noqa: PLC0415  (seconds; only when there is someone to ask)

    return salt.client.LocalClient(f"{config}/master")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], float(sys.argv[2]), set(sys.argv[3:])))
