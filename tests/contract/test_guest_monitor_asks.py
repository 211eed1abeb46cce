"""The program that asks a guest, run by a real bash: silence, ports, pages, a missing agent."""

from __future__ import annotations

import contextlib
import http.server
import os
import socket
import subprocess
import threading
import time

import pytest

from kvmha.build import guest_monitor
from kvmha.spec import load


class Pages(http.server.BaseHTTPRequestHandler):
    """Answers each path with the status that it is."""

    def do_GET(self):
        self.send_response(int(self.path.strip("/") or 200))
        self.end_headers()
        self.wfile.write(b"all is \0 ready\n" * 4000)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def served():
    """Serve pages on a free port of this host; yield the port."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@contextlib.contextmanager
def listening(*, accept=True):
    """Listen on a free port; without ``accept`` the queue is full and nobody is answered."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        port = server.getsockname()[1]
        fillers = []
        for _ in range(0 if accept else 4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
            fillers.append(filler)
        yield port
        for filler in fillers:
            filler.close()


@pytest.fixture
def asked(example, changed, tmp_path):
    """Return a function that asks as ``monitor`` says: its end, its words, its seconds."""

    def ask(**monitor):
        changes = {
            "vms[0].monitor": {"timeout": "1s", **monitor},
            "storage.filesystems[0].mount": str(tmp_path),
        }
        spec = load(changed(example("lab"), changes))
        program = tmp_path / "monitor"
        program.write_text(guest_monitor.script(spec, spec.vms[0]))
        program.chmod(0o755)
        begun = time.monotonic()
        done = subprocess.run([program], capture_output=True, text=True, check=False, timeout=30)
        assert not done.stderr
        return done.returncode, done.stdout.strip(), time.monotonic() - begun

    return ask


@pytest.fixture
def log(tmp_path):
    """Return the file of the guest's serial line."""
    path = tmp_path / "web1" / "serial.log"
    path.parent.mkdir()
    path.write_text("0000000001 abcdefgh\n")
    return path


def test_guest_that_speaks_is_alive_at_once(asked, log):
    assert log.exists()
    code, said, seconds = asked(serial={"max_age": "30s"}, timeout="20s")
    assert (code, said) == (0, "") and seconds < 10


def test_silence_is_told_with_its_length(asked, log):
    os.utime(log, (time.time() - 100, time.time() - 100))
    code, said, seconds = asked(serial={"max_age": "30s"})
    assert code == 1 and said.startswith("silent on its serial line for 10")
    assert 1 <= seconds < 20


def test_guest_that_speaks_within_the_timeout_is_alive(asked, log):
    os.utime(log, (0, 0))
    threading.Timer(1.5, os.utime, (log,)).start()
    code, said, seconds = asked(serial={"max_age": "30s"}, timeout="20s")
    assert (code, said) == (0, "") and seconds < 18


def test_a_log_that_only_qemu_has_made_is_not_a_guest_that_speaks(asked, log):
    log.write_text("")
    told = "silent on its serial line since its first start"
    assert asked(serial={"max_age": "30s"})[:2] == (1, told)


def test_missing_serial_log_is_named(asked, tmp_path):
    assert asked(serial={})[:2] == (1, f"{tmp_path}/web1/serial.log cannot be read")


def test_port_that_listens_and_one_that_does_not(asked):
    with listening() as port:
        assert asked(tcp={"host": "127.0.0.1", "port": port})[:2] == (0, "")
    told = f"127.0.0.1 port {port} takes no connection"
    assert asked(tcp={"host": "127.0.0.1", "port": port})[:2] == (1, told)


def test_port_that_never_answers_costs_no_more_than_the_timeout(asked):
    with listening(accept=False) as port:
        code, said, seconds = asked(tcp={"host": "127.0.0.1", "port": port}, timeout="2s")
    assert code == 1 and "takes no connection" in said
    assert 2 <= seconds < 20


@pytest.mark.parametrize(
    ("path", "expect", "told"),
    [
        ("/200", "", ""),
        ("/302", "", ""),
        ("/200", "is  ready", ""),
        ("/200", "it's ready", "{url} answers without it's ready"),
        ("/404", "", "{url} answers HTTP/1.0 404 Not Found"),
        ("/503", "ready", "{url} answers HTTP/1.0 503 Service Unavailable"),
    ],
)
def test_page_is_judged_by_status_and_text(asked, path, expect, told):
    with served() as port:
        url = f"http://127.0.0.1:{port}{path}"
        code, said, _ = asked(http={"url": url, "expect": expect})
    assert (code, said) == (int(bool(told)), told.format(url=url))


def test_page_of_nobody_does_not_answer(asked):
    with listening() as port:
        pass
    url = f"http://127.0.0.1:{port}/"
    assert asked(http={"url": url})[:2] == (1, f"{url} does not answer")


def test_what_listens_and_says_nothing_does_not_answer(asked):
    with listening() as port:
        url = f"http://127.0.0.1:{port}/"
        code, said, seconds = asked(http={"url": url}, timeout="2s")
    assert (code, said) == (1, f"{url} does not answer") and seconds < 20


def test_all_has_to_be_true(asked, log):
    assert log.exists()
    with listening() as port:
        there = {"host": "127.0.0.1", "port": port}
        assert asked(serial={}, tcp=there)[0] == 0
    assert asked(serial={}, tcp=there)[0] == 1


def test_agent_that_is_not_there_does_not_answer(asked):
    assert asked(guest_agent=True)[:2] == (1, "the guest agent does not answer")
