"""Virtual machines as libvirt domains: their disks and XML on the shared filesystem, and libvirt.

Every function takes ``spec``, the document below the pillar key ``kvmha``; without it the
minion's own pillar is used. Nothing here starts or stops a VM: that is the cluster's to do.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from salt.exceptions import SaltException

from kvmha import platforms
from kvmha.build import (
    domain,
    domain_codec,
    domain_disks,
    domain_live,
    guest_monitor,
    libvirt_host,
)
from kvmha.documents import domain as documents
from kvmha.errors import CommandFailed, KvmhaError
from kvmha.plan import Plan
from kvmha.salt_edge import loadable, user_errors
from kvmha.spec import ClusterSpec, load
from kvmha.spec.vm_disks import Disk
from kvmha.spec.vms import Vm
from kvmha.tools import files, host, images, vm_disks
from kvmha.tools.libvirt import Libvirt
from kvmha.tools.libvirt_host import Host, apply_host, observe_host
from kvmha.tools.runner import Runner

__version__ = "0.1.0"
__virtualname__ = "libvirt_domain"

log = logging.getLogger(__name__)


def __virtual__():
    return loadable(__virtualname__, __version__)


@user_errors
def plan(spec: dict[str, Any] | None = None, vm: str = "", live: bool = False) -> dict[str, Any]:
    """Return what is missing of VM ``vm`` on its shared filesystem. Changes nothing.

    While the filesystem is not mounted here, everything is shown as missing, with a note.
    With ``live`` the plan has, where the VM runs here, what it would take at once.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 libvirt_domain.plan vm=web1
    """
    cluster = _load(spec)
    return _plan(cluster, domain.find(cluster, vm), live)[0].to_dict()


@user_errors
def apply(
    spec: dict[str, Any] | None = None,
    vm: str = "",
    expect: str | None = None,
    live: bool = False,
) -> dict[str, Any]:
    """Make the folder, the missing disks and the domain XML of VM ``vm``.

    An existing disk is never written; a volume or device only when it is blank, half-written
    by an earlier run, or given up by ``consent:overwrite``. An installer runs here to its end,
    once. A running VM takes a changed XML when it next starts; with ``live``, on the node where
    it runs, at once as far as it can: memory within its balloon, processors within their
    maximum, disks and network cards.
    Safe on several nodes at once: a disk is made whole under another name and gets its own
    only if there is none. ``expect`` is the digest of the plan that was shown. Raises an error
    when the filesystem is not mounted here.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 libvirt_domain.apply vm=web1
    """
    cluster = _load(spec)
    wanted = domain.find(cluster, vm)
    todo, seen, steps = _plan(cluster, wanted, live)
    todo.refuse_stale(expect)
    if todo:
        _refuse_unmounted(cluster, wanted)
        _do(cluster, wanted, seen)
        for step in steps:
            Libvirt(Runner()).change(wanted.name, step.verb, *step.words, xml=step.xml)
        _tell(todo)
    return todo.to_dict()


@user_errors
def export(xml: str = "", vm: str = "") -> dict[str, Any]:
    """Return the pillar, below ``kvmha``, for a domain XML: one item of ``vms``.

    ``xml`` is the path of a file; this needs neither pillar nor libvirt. ``vm`` is the name of
    a domain of this host. What has no word in the vocabulary is in ``raw``; passwords of
    screens are left out. Planned against the same XML it changes nothing.

    CLI Example:

    .. code-block:: bash

        salt-call --local libvirt_domain.export xml=/srv/vmstore/web1/web1.xml --out=yaml
        salt ha-host1 libvirt_domain.export vm=web1 --out=yaml
    """
    if bool(xml) == bool(vm):
        raise KvmhaError("which domain is meant?", hint="give xml=PATH or vm=NAME, one of them")
    text = files.read(xml) if xml else Libvirt(Runner()).xml(vm)
    if text is None:
        raise KvmhaError(f"there is no {xml}", hint="virsh dumpxml NAME --inactive > FILE")
    return {"vms": [domain_codec.export(documents.parse(text, where=xml or vm))]}


@user_errors
def host_plan(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what libvirt on this node needs to be set to. Changes nothing.

    CLI Example:

    .. code-block:: bash

        salt '*' libvirt_domain.host_plan
    """
    service = _service()
    seen = observe_host(Runner(), service)
    return libvirt_host.plan(_load(spec), service, seen, __opts__["id"]).to_dict()


@user_errors
def host_apply(spec: dict[str, Any] | None = None, expect: str | None = None) -> dict[str, Any]:
    """Write qemu.conf and what else libvirt needs; restart its daemon if that runs.

    Running VMs survive the restart of the daemon. ``expect`` is the digest of the plan that
    was shown.

    CLI Example:

    .. code-block:: bash

        salt '*' libvirt_domain.host_apply
    """
    cluster, runner, service = _load(spec), Runner(), _service()
    seen = observe_host(runner, service)
    todo = libvirt_host.plan(cluster, service, seen, __opts__["id"])
    todo.refuse_stale(expect)
    apply_host(runner, cluster, Host(service, __opts__["id"]), seen, todo)
    _tell(todo)
    return todo.to_dict()


@user_errors
def status() -> dict[str, Any]:
    """Return ``domains`` (name -> state) and ``running`` (name -> processor time in ns).

    Those of this node only. An error when libvirt does not answer: it may run domains still.

    CLI Example:

    .. code-block:: bash

        salt '*' libvirt_domain.status
    """
    found = Libvirt(Runner()).domains()
    return {
        "running": {name: each.cpu_time for name, each in found.items() if each.active},
        "domains": {name: each.state for name, each in found.items()},
    }


@user_errors
def backend() -> str:
    """Return the way that this minion takes to libvirt: ``binding`` or ``virsh``.

    The binding where Salt's Python can import libvirt-python, ``virsh`` elsewhere, as in
    SUSE's bundle. Both answer the same.

    CLI Example:

    .. code-block:: bash

        salt '*' libvirt_domain.backend
    """
    return Libvirt(Runner()).backend


@user_errors
def heartbeat(spec: dict[str, Any] | None = None, vm: str = "") -> dict[str, Any]:
    """Return ``value``, a number that moves while VM ``vm`` lives, and its ``kind``.

    ``cpu``: nanoseconds of processor time, 0 where the VM does not run. ``serial``: bytes
    that the guest has said, the same on every node; ``said`` is its last whole line.

    CLI Example:

    .. code-block:: bash

        salt '*' libvirt_domain.heartbeat vm=web1
    """
    cluster = _load(spec)
    wanted = domain.find(cluster, vm)
    if wanted.heartbeat == "serial":
        size, said = images.tail(domain.serial_log(cluster, wanted))
        return {"kind": "serial", "value": size, "said": said}
    found = Libvirt(Runner()).domains().get(wanted.name)
    return {"kind": "cpu", "value": found.cpu_time if found else 0}


def _plan(
    cluster: ClusterSpec, vm: Vm, live: bool
) -> tuple[Plan, domain.Observed, tuple[domain_live.Step, ...]]:
    """Return the plan, what it was made from, and what is to be done to the running domain."""
    seen = _observe(cluster, vm)
    todo = domain.plan(cluster, vm, seen)
    here = (todo or live) and seen.xml is not None and _runs_here(vm)
    if here or (todo and seen.xml is not None and _runs_elsewhere(vm)):
        todo = domain.plan(cluster, vm, seen, running=True)
    if not live or seen.xml is None:
        return todo, seen, ()
    if not here:
        return todo.noted(f"{vm.name} does not run here: nothing is changed live"), seen, ()
    wanted = documents.parse(domain.wanted_xml(cluster, vm, seen) or seen.xml)
    found = domain_live.live(vm.name, documents.parse(Libvirt(Runner()).xml(vm.name)), wanted)
    return found.priced(todo), seen, found.steps


def _observe(cluster: ClusterSpec, vm: Vm) -> domain.Observed:
    filesystem = cluster.filesystem_of(vm)
    kind = host.mounts().get(filesystem.mount, {}).get("type", "")
    if kind != filesystem.type:
        return domain.Observed()
    folder = cluster.folder_of(vm)
    found = {
        disk.file: images.inspect(domain_disks.path_of(cluster, vm, disk))
        for disk in domain_disks.file_disks(vm)
    }
    return domain.Observed(
        mounted=kind,
        folder=Path(folder).is_dir(),
        xml=files.read(domain.xml_path(cluster, vm)),
        monitor=files.read(guest_monitor.path(cluster, vm)),
        images={file: image for file, image in found.items() if image is not None},
        leftovers=tuple(images.leftovers(folder, owner=__opts__["id"], xml=f"{vm.name}.xml")),
        disks=vm_disks.observe(Runner(), cluster, vm, _seed_texts(vm)),
    )


def _runs_here(vm: Vm) -> bool:
    """Tell whether ``vm`` runs here: nothing does without libvirt, or while its daemon is off."""
    try:
        found = Libvirt(Runner()).domains().get(vm.name)
    except CommandFailed:
        return False
    return found is not None and found.active


def _runs_elsewhere(vm: Vm) -> bool:
    """Tell whether ``vm`` runs by Pacemaker's word; without Pacemaker nothing runs yet."""
    argv = ["crm_resource", "--resource", f"vm-{vm.name}", "--locate"]
    try:
        return "is running on" in Runner().run(argv, ok=None).stdout
    except CommandFailed:
        return False


def _refuse_unmounted(cluster: ClusterSpec, vm: Vm) -> None:
    filesystem = cluster.filesystem_of(vm)
    kind = host.mounts().get(filesystem.mount, {}).get("type")
    if kind != filesystem.type:
        found = f"{kind} is mounted" if kind else "nothing is mounted"
        raise KvmhaError(
            f"{vm.name} is not written: {found} at {filesystem.mount}, not {filesystem.type}",
            hint=f"is the resource fs-{filesystem.name} started here? see: crm_mon -1r",
        )


def _do(cluster: ClusterSpec, vm: Vm, seen: domain.Observed) -> None:
    folder = Path(cluster.folder_of(vm))
    folder.mkdir(mode=0o755, exist_ok=True)
    for path in seen.leftovers:
        Path(path).unlink(missing_ok=True)
    _fill(cluster, vm, seen)
    text = domain.wanted_xml(cluster, vm, seen)
    if text is not None:
        files.write(domain.xml_path(cluster, vm), text)
    if guest_monitor.changes(cluster, vm, seen.monitor):
        files.write(guest_monitor.path(cluster, vm), guest_monitor.script(cluster, vm), mode=0o755)


def _fill(cluster: ClusterSpec, vm: Vm, seen: domain.Observed) -> None:
    """Make the missing disks of ``vm``, its seed, and have its installer run, in this order."""
    runner = Runner()
    installs = domain_disks.installs(vm, seen.disks, files=bool(seen.images))
    if installs:
        vm_disks.note_install(cluster, vm, domain_disks.STARTED)
    blocks = domain_disks.unwritten(vm, seen.disks)
    used = domain_disks.block_disks(vm) if installs else blocks
    with vm_disks.active(runner, [disk.volume for disk in used if disk.volume]):
        for disk in domain_disks.file_disks(vm):
            if disk.file not in seen.images:
                images.create(
                    runner,
                    domain_disks.path_of(cluster, vm, disk),
                    format=disk.format,
                    size=disk.size,
                    source=_image(disk),
                    owner=__opts__["id"],
                    told=_teller(vm, disk.place),
                )
        for disk in blocks:
            vm_disks.make_block(
                runner, cluster, vm, disk,
                source=_image(disk), told=_teller(vm, disk.place),
            )  # fmt: skip
        if seen.disks.seed != seen.disks.wanted_seed:
            vm_disks.write_seed(runner, cluster, vm, _seed_texts(vm))
        if installs:
            with vm_disks.media(runner, cluster, vm, _fetched, _text) as paths:
                root = domain_disks.install_root(domain.build(cluster, vm), vm, paths)
                vm_disks.install(runner, cluster, vm, root, told=_progress)


def _image(disk: Disk) -> str:
    """Return the path on this node of what ``disk`` is filled from, its checksum verified."""
    path = _fetched(disk.source)
    if disk.checksum:
        images.verify(path, disk.checksum)
    return path


def _seed_texts(vm: Vm) -> dict[str, str]:
    return {name: _text(said) for name, said in domain_disks.seed_texts(vm).items()}


def _text(said: str) -> str:
    """Return a text that the pillar holds itself, among its secrets, or by ``salt://``."""
    if said.startswith("secret:"):
        name = said.removeprefix("secret:").strip()
        secrets = __pillar__.get("kvmha_secrets") or {}
        if name not in secrets:
            hint = "give this minion that pillar"
            raise KvmhaError(f"pillar kvmha_secrets has no {name!r}", hint=hint)
        return str(secrets[name])
    return files.read(_fetched(said)) or "" if said.startswith("salt://") else said


def _fetched(source: str) -> str:
    """Return the path on this node of an image that Salt may have to fetch."""
    if not source.startswith(("salt://", "http://", "https://")):
        return source
    try:
        path = __salt__["cp.cache_file"](source)
    except SaltException as error:
        raise KvmhaError(f"{source} cannot be fetched: {error}") from None
    if not path:
        who, hint = "the Salt master", "put it below file_roots, or name a local path"
        if not source.startswith("salt://"):
            who, hint = "its server", "see the minion's log, or name a local path"
        raise KvmhaError(f"{who} has no {source}", hint=hint)
    return path


def _teller(vm: Vm, place: str) -> images.Told:
    """Return what tells every tenth percent of a disk that is filled."""
    last = [-10]

    def told(percent: int) -> None:
        if percent >= last[0] + 10:
            last[0] = percent - percent % 10
            _progress(f"disk {place} of {vm.name}: {last[0]} %")

    return told


def _progress(line: str) -> None:
    """Tell how far it is, on the minion's log and on the master's event bus."""
    log.info("%s", line)
    if "event.send" in __salt__ and __opts__.get("file_client") == "remote":
        __salt__["event.send"]("kvmha/progress", {"message": line})


def _tell(todo: Plan) -> None:
    for change in todo.changes:
        log.info("done: %s", change.text())


def _service() -> str:
    return platforms.for_grains(__grains__).libvirt_service


def _load(spec: dict[str, Any] | None) -> ClusterSpec:
    return load(__pillar__.get("kvmha", {}) if spec is None else spec)
