# The cluster that `./demo` builds: three nodes, SBD, OCFS2, one virtual machine.
# Generous timeouts: the lab shares two cores with everything else.
kvmha:
  cluster: {name: alpha}
  nodes:
    - {name: ha-host1, id: 1, links: [192.168.56.101]}
    - {name: ha-host2, id: 2, links: [192.168.56.102]}
    - {name: ha-host3, id: 3, links: [192.168.56.103]}
  corosync: {token: 10s}
  fencing:
    sbd:
      devices: [/dev/disk/by-id/scsi-lab-sbd]
      watchdog_timeout: 15s
      watchdog_module: softdog
  storage:
    filesystems:
      - name: vmstore
        device: /dev/disk/by-id/scsi-lab-vmstore
        mount: /srv/vmstore
        max_nodes: 4
  libvirt:
    # QEMU emulates here, as root and without confinement: there is no KVM below the lab.
    qemu_conf: {user: root, group: root, security_driver: none, remember_owner: 0, stdio_handler: file}
  vms:
    - name: web1
      type: qemu
      memory: 32MiB
      heartbeat: serial
      disks:
        - {file: disk0.raw, size: 1MiB, source: "salt://kvmha-lab/heartbeat.img", bus: ide}
  validate: {failover: true}
