"""Rules for what is asked inside of guests."""

from __future__ import annotations

from collections.abc import Iterator

from kvmha.errors import Problem
from kvmha.rules.registry import rule
from kvmha.spec.model import ClusterSpec
from kvmha.spec.vm_monitor import Monitor, place_of
from kvmha.values import duration


@rule("vms[].monitor")
def monitors_ask_something(spec: ClusterSpec) -> Iterator[Problem]:
    """Want a question in each ``monitor``, or it would say nothing about the guest."""
    for place, _, monitor in _monitors(spec):
        if not (monitor.guest_agent or monitor.serial or monitor.tcp or monitor.http):
            hint = "guest_agent: true, serial, tcp or http"
            yield Problem(place, "asks nothing", hint, "MONITOR_EMPTY")


@rule("vms[].heartbeat")
def silence_needs_a_log(spec: ClusterSpec) -> Iterator[Problem]:
    """Want ``heartbeat: serial`` where the serial line is asked: only then it has a file."""
    for place, index, monitor in _monitors(spec):
        if monitor.serial and spec.vms[index].heartbeat != "serial":
            message = f"'{spec.vms[index].name}' has no file for its serial line"
            hint = f"vms[{index}].heartbeat: serial"
            yield Problem(f"{place}.serial", message, hint, "SERIAL_WITHOUT_LOG")


@rule()
def monitors_end_in_time(spec: ClusterSpec) -> Iterator[Problem]:
    """Want ``monitor.timeout`` below half of ``monitor_timeout``: the agent has to end before."""
    for place, index, monitor in _monitors(spec):
        limit = spec.vms[index].monitor_timeout
        if monitor.timeout * 2 > limit:
            message = f"{duration(monitor.timeout)} are more than half of {duration(limit)}"
            hint = f"at most {duration(limit // 2)}, or a longer vms[{index}].monitor_timeout"
            yield Problem(f"{place}.timeout", message, hint, "MONITOR_TOO_LONG")


@rule()
def probes_name_a_place(spec: ClusterSpec) -> Iterator[Problem]:
    """Want a host that can be asked, over plain HTTP: nothing on the hosts checks a certificate."""
    for place, _, monitor in _monitors(spec):
        if monitor.tcp and not _is_host(monitor.tcp.host):
            message = f"{monitor.tcp.host!r} is no name or address"
            yield Problem(f"{place}.tcp.host", message, "for example 192.168.56.20", "PROBE_HOST")
        if monitor.http and place_of(monitor.http.url) is None:
            message = f"{monitor.http.url!r} is no http:// address"
            hint = "for example http://192.168.56.20/health; tcp asks a port with TLS"
            yield Problem(f"{place}.http.url", message, hint, "PROBE_URL")


def _monitors(spec: ClusterSpec) -> Iterator[tuple[str, int, Monitor]]:
    for index, vm in enumerate(spec.vms):
        if vm.monitor is not None:
            yield f"vms[{index}].monitor", index, vm.monitor


def _is_host(text: str) -> bool:
    return bool(text) and not any(char in text for char in " /@[]")
