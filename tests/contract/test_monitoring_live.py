"""Figures of a real cluster of one, written by the timer's program, read by node_exporter."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from kvmha import platforms
from kvmha.build import monitoring as build
from kvmha.spec import load
from kvmha.tools import monitoring
from kvmha.tools.runner import Runner
from kvmha.wait import eventually
from tests.contract import disks
from tests.contract.cluster_of_one import Inside, started
from tests.unit.test_monitoring import read

LIBRARY = Path(monitoring.__file__).parents[2]
DEVICE = (
    '<primitive id="fencing-null" class="stonith" type="null"><instance_attributes id="fn-i">'
    '<nvpair id="fn-1" name="hostlist" value="ha-host1 ha-host9"/>'
    "</instance_attributes></primitive>"
)


@pytest.fixture(scope="module")
def node():
    with started() as pid:
        yield Inside(pid)


@pytest.fixture
def spec(example, changed):
    """A cluster whose first node is there alone; its SBD disk is not there."""
    return load(changed(example("lab"), {"monitoring": {"metrics": True}}))


def figures(runner, spec):
    said = {"node": "ha-host1", "sbd_config": "/none", "fencing_agent": "external/sbd"}
    text = monitoring.render(spec, monitoring.look(runner, spec, said))
    return text, {
        " ".join([name, *(value for key, value in labels if key != "cluster")]): value
        for (name, labels), value in read(text).items()
    }


def test_a_real_cluster_is_told_as_it_is(node, spec):
    node.run(["cibadmin", "--create", "--scope", "resources", "--xml-text", DEVICE])
    before = figures(node, spec)[1]
    assert before["kvmha_corosync_up"] == before["kvmha_quorate"] == before["kvmha_dc"] == 1
    assert before["kvmha_expected_votes"] == before["kvmha_members"] == 1
    assert [key for key in before if key.startswith("kvmha_partition ")], before
    assert before["kvmha_vm_active web1"] == 0
    assert before["kvmha_drift_changes cib"] > 10  # nothing of the pillar is there yet
    assert before["kvmha_sbd_device_ok /dev/disk/by-id/scsi-lab-sbd"] == 0


def test_a_fencing_has_its_time(node, spec):
    eventually(lambda: "" if "fencing-null" in _registered(node) else "not registered", timeout=60)
    node.run(["stonith_admin", "--reboot", "ha-host9"], timeout=60)
    found = figures(node, spec)[1]
    now = float(subprocess.run(["date", "+%s"], capture_output=True, text=True, check=True).stdout)
    assert 0 <= now - found["kvmha_fenced_timestamp_seconds ha-host9"] < 120


def _registered(node):
    return node.run(["stonith_admin", "--list-registered"], ok=None).stdout


@pytest.fixture
def exporter(tmp_path):
    """Start node_exporter on loopback; yield its folder of textfiles and what it serves."""
    disks.needs("prometheus-node-exporter")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path / "textfiles"
    folder.mkdir()
    words = [
        "prometheus-node-exporter",
        f"--web.listen-address=127.0.0.1:{port}",
        "--collector.disable-defaults",
        "--collector.textfile",
        f"--collector.textfile.directory={folder}",
    ]
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL)

    def scraped():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            return answer.read().decode()

    def missing():
        try:
            return "" if scraped() else "empty"
        except OSError as error:
            return str(error)

    try:
        eventually(missing, timeout=20, interval=0.2)
        yield folder, scraped
    finally:
        process.kill()
        process.wait()


def test_node_exporter_serves_what_was_written(node, spec, exporter):
    folder, scraped = exporter
    text, _ = figures(node, spec)
    (folder / "kvmha.prom").write_text(text)
    served = read(scraped())
    assert served[("node_textfile_scrape_error", ())] == 0
    ours = {key: value for key, value in served.items() if key[0].startswith("kvmha_")}
    assert ours == read(text) and len(ours) > 20


def test_the_program_of_the_timer_writes_the_file(example, changed, tmp_path, exporter):
    """As systemd starts it: no Salt, nothing but this Python and the library."""
    folder, scraped = exporter
    document = changed(
        example("lab"), {"monitoring": {"metrics": True, "path": f"{folder}/kvmha.prom"}}
    )
    here = monitoring.here(load(document), document, platforms.DEBIAN, "ha-host1")
    for path, text in build.files(here).items():
        target = tmp_path / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    config = tmp_path / build.CONFIG.lstrip("/")
    argv = [sys.executable, "-m", "kvmha.tools.monitoring", str(config)]
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(LIBRARY)}
    done = subprocess.run(argv, env=env, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (folder / "kvmha.prom").stat().st_mode & 0o777 == 0o644
    assert read(scraped())[("kvmha_nodes_configured", (("cluster", "alpha"),))] == 3
    config.unlink()
    done = subprocess.run(argv, env=env, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "kvmha_metrics.managed" in done.stderr


def test_systemd_understands_the_units(example, tmp_path):
    document = example("monitoring")
    here = monitoring.here(load(document), document, platforms.DEBIAN, "ha-host1")
    units = []
    for path, text in build.files(here).items():
        if path.startswith("/etc/systemd"):
            units.append(tmp_path / Path(path).name)
            units[-1].write_text(text)
    done = Runner().run(["systemd-analyze", "verify", *map(str, units)], ok=None)
    told = [line for line in done.output.splitlines() if "kvmha" in line]
    assert len(units) == 2 and told == [], done.output
    assert (
        json.loads(build.files(here)[build.CONFIG])["path"] == "/var/lib/node_exporter/kvmha.prom"
    )
