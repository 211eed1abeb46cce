"""What the lab's tests share: a lab of one node."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.api import Lab


@pytest.fixture(scope="module")
def one_node() -> Iterator[Lab]:
    with Lab("t-one") as lab:
        lab.down()
        yield lab.up(nodes=1, image="prepared", salt="3008")
