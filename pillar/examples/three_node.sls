# Three SLES hosts on a SAN: survives the loss of any one host, and of any one SBD device.
kvmha:
  cluster: {name: gamma}
  nodes:
    - {name: ha-host1, id: 1, links: [192.168.56.101, 10.0.56.101]}
    - {name: ha-host2, id: 2, links: [192.168.56.102, 10.0.56.102]}
    - {name: ha-host3, id: 3, links: [192.168.56.103, 10.0.56.103]}
  corosync:
    token: 5s
  fencing:
    sbd:
      # Three small LUNs, of three storage systems if there are three.
      devices:
        - /dev/disk/by-id/scsi-36001405aa11bb22cc33dd44ee55ff661
        - /dev/disk/by-id/scsi-36001405aa11bb22cc33dd44ee55ff662
        - /dev/disk/by-id/scsi-36001405aa11bb22cc33dd44ee55ff663
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
  vms:
    - name: db1
      filesystem: dbstore
      memory: 16GiB
      vcpus: 4
      disks:
        - {file: system.qcow2, format: qcow2, size: 20GiB, source: "salt://images/sles.qcow2"}
        - {file: data.raw, size: 200GiB}
      interfaces: [{bridge: br0, mac: "52:54:00:56:00:01"}]
      prefer: [ha-host1]
      stop_timeout: 10min      # a stop that takes longer has its host fenced
    - name: ap1
      filesystem: vmstore
      memory: 8GiB
      vcpus: 2
      disks:
        - {file: system.qcow2, format: qcow2, size: 20GiB, source: "salt://images/sles.qcow2"}
      interfaces: [{bridge: br0}]
      prefer: [ha-host2, ha-host3]
      migrate: true
  time:
    servers: [ntp1.example.com, ntp2.example.com]
  cib:
    properties: {cluster-recheck-interval: 5min}
    rsc_defaults: {migration-threshold: 3}
  validate: {vm: ap1}
