"""Where Salt finds our modules when this library was installed by pip (entry point salt.loader)."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent


def dirs() -> dict[str, list[str]]:
    """Return kind -> folders: those installed beside us or, in a checkout, its own."""
    installed = _HERE / "_salt"
    checkout = _HERE.parent.parent
    found = {
        kind: installed / kind if installed.is_dir() else checkout / f"_{kind}"
        for kind in ("modules", "states", "runners", "pillar")
    }
    return {kind: [str(path)] for kind, path in found.items() if path.is_dir()}
