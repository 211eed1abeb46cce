"""Arguments of faults, the rules of cuts and the script that heals: each case is a directory.

``case.yaml``: ``change`` (of three_node), ``node``, ``fault``, ``arguments``. Then either
``problems.txt``, or ``rules.nft`` and ``rules.iptables`` of a cut.
"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
import yaml

from kvmha.drills import faults, healing, packet_filter, scripts
from kvmha.drills.healing import Piece
from kvmha.drills.packet_filter import Peer
from kvmha.errors import InvalidInput
from kvmha.spec import load
from kvmha.tools.faults.inject import KINDS

CASES = Path(__file__).parent.parent / "cases" / "faults"
ALL = sorted(CASES.iterdir())
CUTS = [folder for folder in ALL if (folder / "rules.nft").exists()]
WRONG = [folder for folder in ALL if (folder / "problems.txt").exists()]


def read(folder, example, changed):
    case = yaml.safe_load((folder / "case.yaml").read_text())
    spec = load(changed(example("three_node"), case.get("change") or {}))
    node = case.get("node", "ha-host1")
    return spec, node, faults.read(spec, node, case["fault"], case.get("arguments") or {})


@pytest.mark.parametrize("folder", WRONG, ids=lambda folder: folder.name)
def test_every_mistake_is_told_at_once(folder, example, changed):
    with pytest.raises(InvalidInput) as caught:
        read(folder, example, changed)
    assert f"{caught.value}\n" == (folder / "problems.txt").read_text()


@pytest.mark.parametrize("folder", CUTS, ids=lambda folder: folder.name)
def test_a_cut_is_these_rules(folder, example, changed):
    spec, node, wanted = read(folder, example, changed)
    links = {key: wanted[key] for key in ("peers", "links") if key in wanted}
    peers = [Peer(address) for address in faults.addresses(spec, node, **links)]
    assert packet_filter.nft_rules(peers) == (folder / "rules.nft").read_text()
    assert packet_filter.iptables_rules(peers) == (folder / "rules.iptables").read_text()


def test_every_case_is_walked():
    assert sorted([*CUTS, *WRONG]) == ALL


def test_every_fault_can_be_made():
    assert list(KINDS) == list(faults.FAULTS)
    lasting = [name for name, kind in KINDS.items() if kind.in_force]
    assert lasting == [name for name, fault in faults.FAULTS.items() if fault.lasts]


@pytest.mark.parametrize("text", ["10.0.0.1", "fd00::1", "10.0.0.1:3260", "[fd00::1]:3260"])
def test_a_peer_is_read_as_it_is_written(text):
    assert str(packet_filter.peer(text)) == text


def run_script(folder: Path, pieces: list[Piece]) -> tuple[int, str]:
    (folder / "state.json").write_text("{}")
    (folder / "heal.sh").write_text(healing.script("friday", pieces, str(folder)))
    (folder / "heal.log").unlink(missing_ok=True)
    done = subprocess.run(["env", "-i", "sh", str(folder / "heal.sh")], check=False)
    return done.returncode, (folder / "heal.log").read_text()


def test_the_last_fault_is_healed_first_and_each_once(tmp_path):
    pieces = [Piece("a", "true"), Piece("b", "echo words of b"), Piece("a", "true")]
    code, said = run_script(tmp_path, pieces)
    assert (code, said) == (0, "healed: a\nwords of b\nhealed: b\n")
    assert (tmp_path / "healed.json").exists()
    assert not (tmp_path / "state.json").exists()


def test_what_cannot_be_healed_does_not_keep_the_rest_from_it(tmp_path):
    pieces = [Piece("a", f"touch {tmp_path}/a"), Piece("b's", "false || return 1\ntouch /never")]
    code, said = run_script(tmp_path, pieces)
    assert (code, said) == (1, "not healed: b's\nhealed: a\n")
    assert (tmp_path / "a").exists()
    assert (tmp_path / "state.json").exists()  # it can be tried again


def test_healing_waits_for_who_makes_a_fault(tmp_path):
    held = ["flock", str(tmp_path / "lock"), "sh", "-c", f"touch {tmp_path}/held; exec sleep 1"]
    with subprocess.Popen(held):
        while not (tmp_path / "held").exists():
            time.sleep(0.01)
        began = time.monotonic()
        code, _ = run_script(tmp_path, [Piece("a", "true")])
        assert code == 0
        assert time.monotonic() - began > 0.5


def test_a_fault_that_is_made_while_healing_waits_is_healed(tmp_path):
    """Its piece is written by who holds the lock, after the script has been started."""
    script = tmp_path / "heal.sh"
    script.write_text(healing.script("friday", [Piece("a", "true")], str(tmp_path)))
    held = ["flock", str(tmp_path / "lock"), "sh", "-c", f"touch {tmp_path}/held; read go"]
    with subprocess.Popen(held, stdin=subprocess.PIPE) as maker:
        while not (tmp_path / "held").exists():
            time.sleep(0.01)
        with subprocess.Popen(["sh", str(script)]) as healer:
            while not (tmp_path / "heal.log").exists():
                time.sleep(0.01)
            both = [Piece("a", "true"), Piece("b", "true")]
            (tmp_path / "new").write_text(healing.script("friday", both, str(tmp_path)))
            (tmp_path / "new").rename(script)
            maker.communicate(b"go\n")
            assert healer.wait(timeout=10) == 0
    assert (tmp_path / "heal.log").read_text() == "healed: b\nhealed: a\n"


def test_the_clock_is_set_by_the_one_that_nobody_sets():
    up = float(Path("/proc/uptime").read_text().split()[0])
    wall = 1_800_000_000.25 + up
    text = 'date() { echo "$@"; }\n' + healing.clock_set(wall, up, []).replace("return", "exit")
    said = subprocess.run(["sh", "-c", text], check=True, capture_output=True, text=True).stdout
    words, at = said.strip().rsplit("@", 1)
    assert words == "-u -s "
    assert 0 <= float(at) - wall < 1


@pytest.mark.parametrize(
    "text",
    [scripts.freezing(2, 30), scripts.power_off(2, 600.4), scripts.crash(2, "reboot"),
     scripts.crash(2, "panic"), scripts.FILLING],
)  # fmt: skip
@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_scripts_are_shell(text, shell):
    subprocess.run([shell, "-n"], input=text, text=True, check=True)


def test_healing_of_all_kinds_is_shell(tmp_path):
    commands = [
        packet_filter.nft_heal(), packet_filter.iptables_heal(["iptables", "ip6tables-legacy"]),
        healing.units_started(["a.service"]), healing.unit_stopped("b.service"),
        healing.scsi_running(["sda"]), healing.map_restored("it's", "0 8 linear 8:0 0\n"),
        healing.clock_set(2e9, 100.0, ["c.service"]), healing.thawed(),
    ]  # fmt: skip
    text = healing.script("t", [Piece(str(n), each) for n, each in enumerate(commands)])
    for shell in ("dash", "bash"):
        subprocess.run([shell, "-n"], input=text, text=True, check=True)
    assert [line for line in text.splitlines() if "salt" in line or "python" in line] == []


def test_what_a_moment_takes_down_has_nothing_to_run_with_afterwards():
    assert "echo o >/proc/sysrq-trigger" in scripts.power_off(2, 600.4)
    assert "echo +600 >$alarm" in scripts.power_off(2, 600.4)
    assert "echo b >/proc/sysrq-trigger" in scripts.crash(2, "reboot")
    assert "echo 10 >/proc/sys/kernel/panic" in scripts.crash(2, "panic")
