"""The parts of the lab that need no node."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import cache, needs, sources
from lab.api import Lab
from lab.errors import LabError


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KVMHA_CACHE", str(tmp_path))
    return tmp_path


def test_a_thing_is_made_once(cached: Path) -> None:
    made: list[Path] = []
    first = cache.made("thing", "k1", made.append)
    assert cache.made("thing", "k1", made.append) == first == cached / "thing-k1"
    assert len(made) == 1


def test_a_failed_make_leaves_nothing(cached: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("")
        raise LabError("no")

    with pytest.raises(LabError):
        cache.made("thing", "k1", fail)
    assert [p.name for p in cached.iterdir()] == ["thing.lock"]


def test_a_digest_sees_contents_names_and_modes(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    file = tree / "file"
    file.write_text("one")
    seen = {cache.digest(tree)}
    file.write_text("two")
    seen.add(cache.digest(tree))
    file.chmod(0o755)
    seen.add(cache.digest(tree))
    file.rename(tree / "other")
    seen.add(cache.digest(tree))
    (tree / "link").symlink_to("/dev/null")
    seen.add(cache.digest(tree))
    assert len(seen) == 5


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("sources.list", "deb [arch=amd64] http://here.test/debian bookworm main contrib\n"),
        (
            "sources.list.d/debian.sources",
            "Types: deb deb-src\n# why\nURIs: http://here.test/debian\n"
            "Suites: bookworm bookworm-updates\nComponents: main\n",
        ),
    ],
)
def test_images_come_from_the_archive_this_machine_uses(
    tmp_path: Path, file: str, text: str
) -> None:
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    (tmp_path / "sources.list.d").mkdir(exist_ok=True)
    other = "deb https://other.test/apt vendor-bookworm main\n"
    (tmp_path / "sources.list.d/other.list").write_text(other)
    found = sources.of_host("bookworm", tmp_path)
    assert "URIs: http://here.test/debian" in found
    assert "other.test" not in found


def test_machine_without_a_debian_archive_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="names no archive of Debian bookworm"):
        sources.of_host("bookworm", tmp_path)


def test_all_missing_programs_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needs.shutil, "which", lambda *_, **__: None)
    with pytest.raises(LabError) as refused:
        needs.check()
    assert "linux.uml" in str(refused.value)
    assert "mmdebstrap" in str(refused.value)
    assert "apt-get install --yes" in refused.value.hint
    assert "user-mode-linux" in refused.value.hint


@pytest.mark.parametrize("name", ["", "a/b", "..", "a" * 21])
def test_a_name_that_would_not_do_as_a_folder_is_refused(name: str) -> None:
    with pytest.raises(LabError, match="is no lab name"):
        Lab(name)


def test_a_verb_on_a_lab_that_is_not_up_says_so() -> None:
    with pytest.raises(LabError, match=r"'t-none' is not up \(hint: python -m lab up\)"):
        Lab("t-none").heal()
