# OCFS2 on its classic cluster stack, as old sites have it, mounted by Pacemaker without DLM.
# Every node finds out by itself who lives: over the disk, and over the network.
kvmha:
  cluster: {name: epsilon}     # letters and digits only
  nodes:
    - {name: ha-host1, id: 1, links: [192.168.56.101]}
    - {name: ha-host2, id: 2, links: [192.168.56.102]}
    - {name: ha-host3, id: 3, links: [192.168.56.103]}
  fencing:
    sbd:
      devices: [/dev/disk/by-id/scsi-36001405aa11bb22cc33dd44ee55ff661]
      watchdog_module: softdog
  storage:
    ocfs2:
      stack: o2cb
      heartbeat_threshold: 61  # 120 s without a beat on the disk: multipath may need that long
      idle_timeout: 60s        # bonded networks
      keepalive_delay: 2s
      reconnect_delay: 2s
      port: 7777
    filesystems:
      - name: vmstore
        device: /dev/disk/by-id/dm-uuid-mpath-36001405aa11bb22cc33dd44ee55ff664
        mount: /srv/vmstore
        max_nodes: 4
