# Three SLES 16 or RHEL 9 hosts, which have no OCFS2: virtual machines on GFS2.
kvmha:
  cluster: {name: delta}
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
      - name: vmstore
        type: gfs2
        device: /dev/disk/by-id/dm-uuid-mpath-36001405aa11bb22cc33dd44ee55ff664
        mount: /srv/vmstore
        max_nodes: 5           # a journal for each; more are added when this grows
  vms:
    - name: web1
      memory: 4GiB
      disks: [{file: disk0.raw, size: 20GiB}]
      migrate: true
