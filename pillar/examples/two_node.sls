# Two SLES hosts on a SAN, two networks, one virtual machine.
# Two nodes get `two_node`, a random fencing delay and a priority-fencing-delay by themselves.
kvmha:
  cluster: {name: beta}
  nodes:
    - name: kvm-a
      id: 1
      links: [192.168.10.11, 10.10.10.11]   # link 0: the LAN; link 1: a cable of its own
      minion: kvm-a.example.com             # where the minion's id is not the node's name
    - name: kvm-b
      id: 2
      links: [192.168.10.12, 10.10.10.12]
      minion: kvm-b.example.com
  fencing:
    sbd:
      devices: [/dev/disk/by-id/scsi-3600a098038314f6a4d5d4e4f2d313031]
      # Longer than multipath takes to switch paths (no_path_retry, fast_io_fail_tmo).
      watchdog_timeout: 30s
      watchdog_module: iTCO_wdt
  storage:
    filesystems:
      - name: vmstore
        device: /dev/disk/by-id/dm-uuid-mpath-3600a098038314f6a4d5d4e4f2d313032
        mount: /srv/vmstore
  vms:
    - name: web1
      memory: 4GiB
      vcpus: 2
      disks: [{file: disk0.qcow2, format: qcow2, size: 20GiB, source: "salt://images/leap.qcow2"}]
      interfaces: [{bridge: br0}]
      prefer: [kvm-a]
      migrate: true
