"""Salt's own loader, renderer and state compiler, on this checkout and without daemons."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import salt._logging
import salt.config
import salt.loader
import salt.state

# Salt keeps what it logs before it is set up, to print it at exit, when pytest's streams are gone.
salt._logging.shutdown_temp_handler()

ROOT = Path(__file__).parent.parent.parent

GRAINS = {
    "debian-12": {"os_family": "Debian", "os": "Debian", "osmajorrelease": 12},
    "sles-15": {"os_family": "Suse", "os": "SLES", "osmajorrelease": 15, "osrelease": "15.6"},
    "sles-16": {"os_family": "Suse", "os": "SLES", "osmajorrelease": 16, "osrelease": "16.0"},
    "rhel-9": {"os_family": "RedHat", "os": "RedHat", "osmajorrelease": 9, "osrelease": "9.4"},
}
MASTER = "master_master"


@pytest.fixture
def make_opts(tmp_path) -> Callable[..., dict[str, Any]]:
    """Return a function that makes Salt's options, for a minion or the orchestration."""

    def make(
        minion: str, pillar: dict[str, Any], grains: str = "debian-12", test: bool = True
    ) -> dict[str, Any]:
        opts = salt.config.minion_config(None)
        opts.update(
            id=minion,
            __role="master" if minion == MASTER else "minion",
            conf_file=str(tmp_path / "etc" / "master"),
            root_dir=str(tmp_path),
            cachedir=str(tmp_path / "cache"),
            sock_dir=str(tmp_path / "sock"),
            extension_modules=str(tmp_path / "ext"),
            module_dirs=[str(ROOT)],
            pillar_dirs=[str(ROOT / "_pillar")],
            file_client="local",
            file_roots={"base": [str(ROOT / "salt")]},
            fileserver_backend=["roots"],
            grains=GRAINS[grains] | {"id": minion},
            pillar=pillar,
            test=test,
            quiet=True,
            user="",
        )
        return opts

    return make


@pytest.fixture
def compiler(make_opts) -> Callable[..., salt.state.HighState]:
    """Return a function that makes a state compiler; its options are those of ``make_opts``."""

    def make(minion: str, pillar: dict[str, Any], **more: Any) -> salt.state.HighState:
        made = salt.state.HighState(make_opts(minion, pillar, **more), initial_pillar=pillar)
        made.push_active()
        return made

    yield make
    while salt.state.HighState.get_active():
        salt.state.HighState.pop_active()


@pytest.fixture
def modules(make_opts) -> Callable[..., Any]:
    """Return a function that loads the execution modules of a minion."""

    def load(minion: str, pillar: dict[str, Any], **more: Any) -> Any:
        return salt.loader.minion_mods(make_opts(minion, pillar, **more), context={})

    return load
