"""What tests of several areas share."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def example() -> Callable[[str], dict[str, Any]]:
    """Return a function that reads ``pillar/examples/<name>.sls`` below its key ``kvmha``."""

    def read(name: str) -> dict[str, Any]:
        text = (ROOT / "pillar" / "examples" / f"{name}.sls").read_text(encoding="utf-8")
        return yaml.safe_load(text)["kvmha"]

    return read


@pytest.fixture(scope="session")
def changed() -> Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]:
    """Return a function that copies a pillar and sets values at places such as ``nodes[2].id``.

    None takes a value out; the index behind a list's last item adds one.
    """

    def change(data: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
        data = copy.deepcopy(data)
        for place, value in changes.items():
            *way, last = (
                int(step) if step.isdigit() else step for step in re.findall(r"[^.\[\]]+", place)
            )
            inner: Any = data
            for step in way:
                inner = inner.setdefault(step, {}) if isinstance(inner, dict) else inner[step]
            if value is None:
                del inner[last]
            elif isinstance(inner, list) and last == len(inner):
                inner.append(value)
            else:
                inner[last] = value
        return data

    return change
