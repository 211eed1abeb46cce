"""corosync.conf's section ``logging`` as the pillar says it."""

from __future__ import annotations

from collections.abc import Mapping

from kvmha.spec.classes import vocabulary
from kvmha.spec.fields import optional

Free = Mapping[str, str | int | bool]

_PRIORITIES = ("alert", "crit", "debug", "emerg", "err", "info", "notice", "warning")
_MORE = "Other keys of the section."


@vocabulary(frozen=True)
class LogTarget:
    """What a subsystem, a daemon and the whole can say alike."""

    to_stderr: bool | None = optional("boolean", "Log to standard error.", False)
    to_logfile: bool | None = optional("boolean", "Log to `logfile`.", False)
    to_syslog: bool | None = optional("boolean", "Log to syslog.", True)
    logfile: str | None = optional("text", "The file.", "/var/log/cluster/corosync.log")
    logfile_priority: str | None = optional(
        "text", "Least priority in the file.", "info", choices=_PRIORITIES
    )
    syslog_facility: str | None = optional("text", "Facility in syslog.", "daemon")
    syslog_priority: str | None = optional(
        "text", "Least priority in syslog.", "info", choices=_PRIORITIES
    )
    debug: str | None = optional(
        "text", "Debug messages; trace: more of them.", "off", choices=("on", "off", "trace")
    )


@vocabulary(frozen=True)
class LoggerSubsys(LogTarget):
    """``corosync.logging.logger_subsys[]``: what one subsystem does in another way."""

    subsys: str | None = optional("text", "Name of the subsystem.", "QUORUM")
    more: Free = optional("scalars", _MORE, {"tags": "enter|leave"}, key="*")


@vocabulary(frozen=True)
class LoggingDaemon(LogTarget):
    """``corosync.logging.logging_daemon[]``: what another daemon of the cluster logs."""

    name: str | None = optional("text", "Name of the daemon.", "corosync-qdevice")
    subsys: str | None = optional("text", "A subsystem of it.", "QDEVICE")
    more: Free = optional("scalars", _MORE, {"new_key": "value"}, key="*")


@vocabulary(frozen=True)
class OldLogger:
    """``corosync.logging.logger[]``: a subsystem in the words of openais 0.80."""

    ident: str | None = optional("text", "Name of the subsystem.", "AMF")
    more: Free = optional("scalars", _MORE, {"tags": "enter|leave"}, key="*")


@vocabulary(frozen=True)
class Logging(LogTarget):
    """``corosync.logging``: where the logs go."""

    timestamp: str | None = optional(
        "text", "Time on every line; hires: milliseconds.", "on", choices=("on", "off", "hires")
    )
    fileline: bool | None = optional("boolean", "Name the source's line.", False)
    function_name: bool | None = optional("boolean", "Name the function.", False)
    blackbox: bool | None = optional("boolean", "Keep a flight recorder.", True)
    logger_subsys: tuple[LoggerSubsys, ...] = optional(
        "object", "Subsystems that log in another way.", many=True, of=LoggerSubsys
    )
    logging_daemon: tuple[LoggingDaemon, ...] = optional(
        "object", "Other daemons of the cluster.", many=True, of=LoggingDaemon
    )
    logger: tuple[OldLogger, ...] = optional(
        "object", "Subsystems, in the words of openais.", many=True, of=OldLogger
    )
    more: Free = optional("scalars", _MORE, {"new_key": "value"}, key="*")
