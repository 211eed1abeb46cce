# XFS and ext4 on disks that one node mounts at a time: a database's files beside the shared store.
kvmha:
  cluster: {name: zeta}
  nodes:
    - {name: ha-host1, id: 1, links: [192.168.56.101]}
    - {name: ha-host2, id: 2, links: [192.168.56.102]}
    - {name: ha-host3, id: 3, links: [192.168.56.103]}
  fencing:
    sbd:
      devices: [/dev/disk/by-id/scsi-36001405aa11bb22cc33dd44ee55ff661]
      watchdog_module: softdog
  storage:
    filesystems:
      - name: vmstore          # the first: where VMs live that do not say otherwise
        device: /dev/disk/by-id/dm-uuid-mpath-36001405aa11bb22cc33dd44ee55ff664
        mount: /srv/vmstore
      - name: dbfiles
        type: xfs
        device: /dev/disk/by-id/dm-uuid-mpath-36001405aa11bb22cc33dd44ee55ff665
        mount: /srv/dbfiles
      - name: archive
        type: ext4
        device: /dev/disk/by-id/dm-uuid-mpath-36001405aa11bb22cc33dd44ee55ff666
        mount: /srv/archive
        options: noatime
  vms:
    - name: web1
      memory: 4GiB
      disks: [{file: disk0.raw, size: 20GiB}]
      migrate: true            # a VM on dbfiles could not: it stops, and starts where that goes
