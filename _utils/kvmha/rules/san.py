"""Rules for what comes over the SAN: iSCSI targets and multipath."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kvmha.errors import Problem
from kvmha.rules.helpers import repeated
from kvmha.rules.registry import rule
from kvmha.spec.iscsi import portal
from kvmha.spec.model import ClusterSpec

_TARGETS = "storage.iscsi.targets"
_ALIASES = "storage.multipath.aliases"
_IQN = re.compile(r"(iqn\.\d{4}-\d{2}\.[a-z0-9.-]+(:[^\s,]+)?|eui\.[0-9a-f]{16}|naa\.[0-9a-f]+)\Z")
_PREFIX = re.compile(r"iqn\.\d{4}-\d{2}\.[a-z0-9.-]+(:[a-z0-9.:-]+)?\Z")
_LONGEST = 223


@rule(f"{_TARGETS}[].iqn", "storage.iscsi.initiator_prefix")
def iscsi_names_are_valid(spec: ClusterSpec) -> Iterator[Problem]:
    """Want names as RFC 3720, 3.2.6, has them: a target of another name is never found."""
    hint = "for example iqn.2026-11.com.example:san1, in small letters"
    for index, target in enumerate(spec.storage.iscsi.targets):
        if not _IQN.match(target.iqn) or len(target.iqn) > _LONGEST:
            message = f"{target.iqn!r} is no iSCSI name"
            yield Problem(f"{_TARGETS}[{index}].iqn", message, hint, "ISCSI_NAME_INVALID")
    prefix = spec.storage.iscsi.initiator_prefix
    if prefix and not _PREFIX.match(prefix):
        place = "storage.iscsi.initiator_prefix"
        message = f"{prefix!r} is no begin of an iSCSI name"
        yield Problem(place, message, "for example iqn.2026-11.com.example", "ISCSI_NAME_INVALID")


@rule(f"{_TARGETS}[].portals[]")
def iscsi_portals_are_addresses(spec: ClusterSpec) -> Iterator[Problem]:
    """Want addresses: open-iscsi files its records under them, and a name may move on."""
    for index, target in enumerate(spec.storage.iscsi.targets):
        for number, text in enumerate(target.portals):
            try:
                portal(text)
            except ValueError:
                place = f"{_TARGETS}[{index}].portals[{number}]"
                hint = "for example 192.168.56.1, 192.168.56.1:3260 or [fd00::1]:3260"
                yield Problem(place, f"{text!r} is no portal", hint, "PORTAL_INVALID")


@rule(f"{_TARGETS}[].iqn", f"{_TARGETS}[].portals[]")
def iscsi_paths_differ(spec: ClusterSpec) -> Iterator[Problem]:
    """Want each portal of a target once: a second session over it is no second path."""

    def paths() -> Iterator[tuple[str, str, str]]:
        for i, target in enumerate(spec.storage.iscsi.targets):
            for j, text in enumerate(target.portals):
                try:
                    address, port = portal(text)
                except ValueError:
                    continue
                yield f"{_TARGETS}[{i}].portals[{j}]", "", f"{target.iqn} at {address}:{port}"

    yield from repeated(paths(), hint="say it once", code="PORTAL_DUPLICATE")


@rule(f"{_TARGETS}[].user", f"{_TARGETS}[].secret", f"{_TARGETS}[].mutual_user")
def iscsi_chap_is_complete(spec: ClusterSpec) -> Iterator[Problem]:
    """Want name and secret together, and a target's answer only where the node gives its own.

    Source: open-iscsi refuses ``password_in`` without ``password`` (iscsid.conf, CHAP settings).
    """
    for index, target in enumerate(spec.storage.iscsi.targets):
        place = f"{_TARGETS}[{index}]"
        for user, secret in (("user", "secret"), ("mutual_user", "mutual_secret")):
            if bool(getattr(target, user)) != bool(getattr(target, secret)):
                has, lacks = (user, secret) if getattr(target, user) else (secret, user)
                hint = f"say {lacks} too, or take {has} out"
                yield Problem(f"{place}.{has}", f"there is no {lacks}", hint, "CHAP_INCOMPLETE")
        if target.mutual_user and not target.user:
            message = "the target is asked for a password, but the node gives none"
            hint = "say user and secret too"
            yield Problem(f"{place}.mutual_user", message, hint, "CHAP_ONE_SIDED")


@rule()
def iscsi_times_are_seconds(spec: ClusterSpec) -> Iterator[Problem]:
    """Want whole seconds: open-iscsi counts in them."""
    for index, target in enumerate(spec.storage.iscsi.targets):
        for name in ("replacement_timeout", "noop_interval", "noop_timeout"):
            value = getattr(target, name)
            if isinstance(value, int) and value % 1000:
                place = f"{_TARGETS}[{index}].{name}"
                message = f"{value}ms are no whole seconds"
                yield Problem(place, message, f"for example {value // 1000 + 1}s", "NOT_SECONDS")


@rule()
def multipath_names_differ(spec: ClusterSpec) -> Iterator[Problem]:
    """Want one name per disk and one disk per name (multipath.conf(5), ``alias``)."""
    aliases = spec.storage.multipath.aliases
    names = ((f"{_ALIASES}[{i}].name", "", each.name) for i, each in enumerate(aliases))
    yield from repeated(names, hint="give every disk its own name", code="ALIAS_DUPLICATE")
    wwids = ((f"{_ALIASES}[{i}].wwid", "", each.wwid) for i, each in enumerate(aliases))
    yield from repeated(wwids, hint="name every disk once", code="WWID_DUPLICATE")
