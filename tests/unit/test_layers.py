"""Who may import what: the layer table of the design, read from the code itself."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
LIBRARY = ROOT / "_utils" / "kvmha"
SALT_FOLDERS = ("_modules", "_states", "_runners", "_pillar")
CODE = ("_utils", *SALT_FOLDERS, "lab", "benchmarks")
MOST_LINES = 400

# What reaches outside of the process; only tools/ may.
OUTSIDE = {
    *("subprocess", "os", "pathlib", "shutil", "socket", "tempfile", "glob", "fcntl", "io"),
    *("salt", "libvirt", "time", "threading", "multiprocessing", "asyncio", "urllib", "http"),
    *("requests", "select", "signal", "pty"),
}
# Pure modules that may import one thing more, and why.
EXCEPTIONS = {
    "wait.py": {"time"},  # the only place that sleeps
    "loader.py": {"pathlib"},  # tells Salt where the installed modules are
    "receipt.py": {"time"},  # measures
    "failover.py": {"time"},  # measures: its clock can be replaced
    "salt_edge.py": {"salt"},  # turns our errors into Salt's
    "salt_news.py": {"salt", "threading"},  # hears the event bus while a runner works
}
# What each pure layer may import of the library; who is not here may use all but tools/.
BELOW = {
    "errors": set(),
    "values": set(),
    "plan": {"errors"},
    "wait": {"errors"},
    "pillar_file": {"errors"},
    "spec": {"errors", "values", "rules", "timeouts"},
    "rules": {"errors", "values", "spec", "timeouts"},
    "timeouts": {"spec", "values"},
    "platforms": {"errors", "spec"},
    "documents": {"errors", "values", "plan"},
    "consent": {"errors", "plan"},
    "build": {"errors", "values", "plan", "spec", "timeouts", "documents", "platforms", "consent"},
    "gates": {"errors", "values", "spec", "timeouts", "rules"},
    "converge": {"errors", "plan", "wait", "receipt"},
    "receipt": set(),
    "salt_edge": {"errors", "receipt", "__version__"},
}


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(path: Path) -> Iterator[str]:
    """Yield the dotted names a file imports; ``from a import b`` as ``a.b``."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def calls(path: Path) -> Iterator[str]:
    """Yield what a file calls, as source text: ``time.sleep``."""
    yield from (ast.unparse(n.func) for n in ast.walk(tree(path)) if isinstance(n, ast.Call))


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


PURE = [path for path in python_files("_utils") if "tools" not in path.relative_to(LIBRARY).parts]


@pytest.mark.parametrize("path", PURE, ids=short)
def test_pure_code_reaches_nothing_outside(path):
    allowed = EXCEPTIONS.get(short(path).removeprefix("_utils/kvmha/"), set())
    reached = {name.partition(".")[0] for name in imported(path)} & OUTSIDE
    assert reached <= allowed
    assert not {"open", "input", "print", "exec", "eval", "__import__"} & set(calls(path))
    assert not any(name.startswith("kvmha.tools") for name in imported(path))


@pytest.mark.parametrize("path", PURE, ids=short)
def test_the_library_imports_downward(path):
    layer = path.relative_to(LIBRARY).parts[0].removesuffix(".py")
    if layer not in BELOW:
        return
    used = {name.split(".")[1] for name in imported(path) if name.startswith("kvmha.")}
    assert used <= BELOW[layer] | {layer}


@pytest.mark.parametrize("path", python_files("_utils/kvmha/tools"), ids=short)
def test_tools_know_nothing_of_salt(path):
    names = set(imported(path))
    assert not {name for name in names if name.partition(".")[0] == "salt"}
    assert not {name for name in names if name.startswith(("kvmha.salt_edge", "kvmha.converge"))}


@pytest.mark.parametrize("path", python_files("_utils/kvmha/tools"), ids=short)
def test_programs_are_run_by_the_runner_alone(path):
    if path.name != "runner.py":
        assert "subprocess" not in {name.partition(".")[0] for name in imported(path)}


@pytest.mark.parametrize("path", python_files("_states"), ids=short)
def test_states_know_nothing_but_converge(path):
    standard = {"__future__", "typing", "collections"}
    names = set(imported(path))
    foreign = {name for name in names if name.partition(".")[0] not in standard | {"kvmha"}}
    assert not foreign
    ours = {name.rpartition(".")[0] for name in names if name.startswith("kvmha")}
    assert ours <= {"kvmha.converge", "kvmha.salt_edge"}


@pytest.mark.parametrize("path", python_files("_modules", "_runners", "_pillar"), ids=short)
def test_salt_modules_start_no_programs_themselves(path):
    reached = {name.partition(".")[0] for name in imported(path)} & {"subprocess", "os", "shutil"}
    assert not reached
    assert not {"open", "exec", "eval"} & set(calls(path))


@pytest.mark.parametrize("path", python_files("_utils", *SALT_FOLDERS), ids=short)
def test_nothing_uses_what_salt_gave_up_or_a_shell(path):
    names = {node.id for node in ast.walk(tree(path)) if isinstance(node, ast.Name)}
    assert "__utils__" not in names
    words = [n.value for n in ast.walk(tree(path)) if isinstance(n, ast.Constant)]
    assert not [word for word in words if isinstance(word, str) and word.startswith("cmd.run")]
    shells = [
        keyword.value
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "shell"
    ]
    assert not shells


@pytest.mark.parametrize("path", python_files("_utils", *SALT_FOLDERS), ids=short)
def test_nobody_sleeps_but_wait(path):
    if path == LIBRARY / "wait.py":
        return
    assert not [name for name in calls(path) if name.split(".")[-1] == "sleep"]
    assert "time.sleep" not in set(imported(path))


@pytest.mark.parametrize("path", python_files("lab"), ids=short)
def test_the_lab_needs_no_more_than_python_and_our_errors(path):
    ours = {name for name in imported(path) if name.startswith("kvmha")}
    assert all(name.startswith("kvmha.errors") for name in ours)


@pytest.mark.parametrize("path", python_files(*CODE), ids=short)
def test_a_file_can_be_read_in_one_sitting(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("path", python_files(*SALT_FOLDERS), ids=short)
def test_no_salt_file_shadows_a_library(path):
    """While Salt loads a folder of modules, that folder is on sys.path."""
    assert path.stem not in {"libvirt", "lxml", "kvmha", "salt", "yaml", "platform", "time"}
