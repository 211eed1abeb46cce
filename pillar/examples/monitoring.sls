# Figures for Prometheus: ours as a textfile of node_exporter, and ha_cluster_exporter's.
kvmha:
  cluster: {name: epsilon}
  nodes:
    - {name: ha-host1, id: 1, links: [192.168.56.101]}
    - {name: ha-host2, id: 2, links: [192.168.56.102]}
    - {name: ha-host3, id: 3, links: [192.168.56.103]}
  fencing:
    sbd: {devices: [/dev/disk/by-id/scsi-36001405aa11bb22cc33dd44ee55ff661]}
  storage:
    filesystems:
      - name: vmstore
        device: /dev/disk/by-id/scsi-36001405aa11bb22cc33dd44ee55ff662
        mount: /srv/vmstore
  vms:
    - name: web1
      memory: 2GiB
      disks: [{file: disk0.qcow2, format: qcow2, size: 20GiB}]
  monitoring:
    metrics: true
    interval: 30s
    path: /var/lib/node_exporter/kvmha.prom     # unsaid: where the platform's package looks
    exporter: true                              # SUSE has it; elsewhere that is said, no more
