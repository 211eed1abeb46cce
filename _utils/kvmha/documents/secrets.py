"""Values that are shown nowhere: which they are, and what is shown in their place."""

from __future__ import annotations

import hashlib
import re
from typing import Any

# Names that fence agents, resource agents and alert agents give to passwords and the like.
_NAME = re.compile(
    r"(passw(or)?d|passphrase|secret|secret_?key|api_?key|(^|[_-])(pass|pwd|token|community))\Z",
    re.IGNORECASE,
)


def is_secret(name: str) -> bool:
    """Tell whether the parameter ``name`` is one whose value must not be shown."""
    return _NAME.search(name) is not None


def scrubbed(output: str, root: Any) -> str:
    """Return what a tool said of the CIB ``root`` without the secrets in it."""
    for pair in root.iter("nvpair"):
        value = pair.get("value") or ""
        if len(value) > 2 and is_secret(pair.get("name") or ""):
            output = output.replace(value, "(secret)")
    return output


def shown(name: str, value: str | None) -> str | None:
    """Return ``value``, or for a secret a fingerprint: 8 hexadecimal digits of its SHA-256."""
    return fingerprint(value) if value is not None and is_secret(name) else value


def fingerprint(value: str) -> str:
    """Return what is shown in the place of a secret."""
    return f"secret {hashlib.sha256(value.encode()).hexdigest()[:8]}"
