"""What the manuals show can be said."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from kvmha.build import cib as build
from kvmha.documents import cib, cib_merge
from kvmha.spec import load

MANUALS = sorted((Path(__file__).parents[2] / "docs" / "how-to").glob("*.md"))


@pytest.mark.parametrize("manual", MANUALS, ids=lambda path: path.stem)
def test_pillars_in_a_manual_load_and_build(manual, example):
    blocks = re.findall(r"```yaml\n(.*?)```", manual.read_text(encoding="utf-8"), re.DOTALL)
    pillars = [yaml.safe_load(block) for block in blocks if block.startswith("kvmha:")]
    assert pillars, "a manual without a pillar"
    for pillar in pillars:
        spec = load(example("three_node") | pillar["kvmha"])
        wanted = build.build(spec, "external/sbd", secrets={"ipmi1": "x"})
        assert cib_merge.edit(cib.EMPTY, wanted)[1]
