"""OpenSSH's public keys, and the lines in which they are trusted (sshd(8), ssh_config(5))."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable

from kvmha.errors import KvmhaError

_KEY = re.compile(r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) ([A-Za-z0-9+/]+=*)\Z")


def public_key(text: str) -> str:
    """Return type and body of a public key, its comment left out.

    What this returns is safe in a line of authorized_keys: one line, no options. Raises
    KvmhaError for anything else.
    """
    found = _KEY.match(" ".join(text.strip().split(" ")[:2]))
    if not found or "\n" in text.strip():
        raise KvmhaError("this is no public key of ssh", hint="see: ssh-keygen -l -f FILE")
    try:
        body = base64.b64decode(found.group(3), validate=True)
    except binascii.Error:
        body = b""
    if found.group(1).encode() not in body[:32]:
        raise KvmhaError("this public key of ssh is damaged", hint="see: ssh-keygen -l -f FILE")
    return f"{found.group(1)} {found.group(3)}"


def fingerprint(key: str) -> str:
    """Return a public key as ``ssh-keygen -l`` shows it: ``SHA256:...``."""
    digest = hashlib.sha256(base64.b64decode(key.split(" ")[1])).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


def authorized(key: str, addresses: Iterable[str], comment: str) -> str:
    """Return the line of authorized_keys that lets ``key`` in from ``addresses`` alone.

    ``restrict`` takes away terminal and forwarding; commands are what libvirt needs.
    """
    return f'restrict,from="{",".join(addresses)}" {key} {comment}'


def known_host(names: Iterable[str], key: str) -> str:
    """Return the line of known_hosts that says that ``names`` have the host key ``key``."""
    return f"{','.join(names)} {key}"


def identity(names: Iterable[str], path: str) -> list[str]:
    """Return the lines of ssh_config that offer the key at ``path`` to ``names``."""
    return [f"Host {' '.join(names)}", f"    IdentityFile {path}"]
