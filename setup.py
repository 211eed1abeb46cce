"""Make a Salt extension of this checkout: its Salt folders become parts of the package kvmha."""

from __future__ import annotations

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(
    r'^__version__ = "(.+)"$', (HERE / "_utils/kvmha/__init__.py").read_text(), re.MULTILINE
)[1]
# Below kvmha/_salt when installed; kvmha.loader tells Salt where.
FOLDERS = {f"kvmha._salt.{kind}": f"_{kind}" for kind in ("modules", "states", "runners", "pillar")}

setup(
    name="kvmha",
    version=VERSION,
    description="From bare hosts with a shared SAN to a validated cluster of virtual machines",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license_files=["LICENSE*"],
    python_requires=">=3.10",
    install_requires=["lxml"],
    extras_require={  # on the master: salt-run kvmha.report path=..., kvmha.watch
        "report": ["drawsvg>=2.4"],
        "watch": ["rich>=13"],
    },
    packages=[*find_packages("_utils"), *FOLDERS],
    package_dir={"": "_utils", **FOLDERS},
    entry_points={"salt.loader": ["kvmha = kvmha.loader:dirs"]},
    zip_safe=False,
)
