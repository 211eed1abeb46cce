# Two hosts between which virtual machines move while they run; no VM can ever run on both.
kvmha:
  cluster: {name: delta}
  nodes:
    - {name: ha-host1, id: 1, links: [192.168.56.101, 10.0.56.101]}
    - {name: ha-host2, id: 2, links: [192.168.56.102, 10.0.56.102]}
  fencing:
    sbd:
      devices: [/dev/disk/by-id/scsi-36001405aa11bb22cc33dd44ee55ff661]
      watchdog_timeout: 15s
      watchdog_module: iTCO_wdt
  storage:
    filesystems:
      - name: vmstore
        device: /dev/disk/by-id/dm-uuid-mpath-36001405aa11bb22cc33dd44ee55ff664
        mount: /srv/vmstore
      - name: dbstore
        device: /dev/disk/by-id/dm-uuid-mpath-36001405aa11bb22cc33dd44ee55ff665
        mount: /srv/dbstore
  libvirt:
    migration:
      transport: ssh          # tcp: faster to set up, open to whoever sends from a node's address
      user: ''                # root; another has to be in the group libvirt on every node
      link: 1                 # the guests' memory goes over the cable of its own
      port_min: 49152         # to be open between the nodes' firewalls, beside ssh
      port_max: 49183
      bandwidth: 900          # MiB/s for one VM: leaves room for corosync on that cable
      downtime: 300ms         # the guest may stand still that long at the end of a move
      options: --auto-converge   # slow a guest down that writes faster than the cable carries
      limit: 2                # moves at a time for each node
    locking: virtlockd        # a second start of a VM, by whomever, is refused
    lockspace: vmstore
  vms:
    - name: db1
      filesystem: dbstore
      memory: 32GiB
      vcpus: 8
      disks: [{file: system.qcow2, format: qcow2, size: 40GiB, source: "salt://images/sles.qcow2"}]
      interfaces: [{bridge: br0}]
      migrate: true
      migrate_to_timeout: 15min     # 32 GiB at 900 MiB/s, and what is written meanwhile
      migrate_from_timeout: 3min
      # Any parameter of ocf:heartbeat:VirtualDomain; here a longer pause for a busy database.
      params: {migration_downtime: 1000, shutdown_mode: agent}
    - name: build1
      filesystem: vmstore
      memory: 4GiB
      disks: [{file: disk0.raw, size: 40GiB}]
      # Not moved: stopped, without asking the guest, and started elsewhere.
      params: {force_stop: true}
