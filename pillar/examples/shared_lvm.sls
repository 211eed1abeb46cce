# Two SLES hosts and a SAN divided by LVM: VMs get logical volumes instead of files.
# Every change of a volume group is locked across the nodes, by lvmlockd over DLM.
kvmha:
  cluster: {name: delta}
  nodes:
    - {name: ha-host1, id: 1, links: [192.168.56.101]}
    - {name: ha-host2, id: 2, links: [192.168.56.102]}
  fencing:
    sbd:
      devices: [/dev/disk/by-id/scsi-36001405aa11bb22cc33dd44ee55ff661]
      watchdog_module: iTCO_wdt
  storage:
    lvm: {backend: lvmlockd}   # the default; clvmd on SLES 12 and older
    volume_groups:
      - name: vg-vms
        devices:
          - /dev/disk/by-id/dm-uuid-mpath-36001405aa11bb22cc33dd44ee55ff662
          - /dev/disk/by-id/dm-uuid-mpath-36001405aa11bb22cc33dd44ee55ff663
        access: exclusive      # each volume is active on one node at a time
        volumes:
          - {name: db1, size: 200GiB}
          - {name: images, size: 50GiB, access: shared}    # this one on all nodes at once
          # To remove one: `state: absent`, and consent below by its path.
          - {name: old1, size: 20GiB, state: absent}
  consent:
    overwrite: [/dev/vg-vms/old1]
