# Hosts whose memory and processors are counted; VMs that belong together, or apart.
kvmha:
  cluster: {name: epsilon}
  nodes:
    - {name: ha-host1, id: 1, links: [192.168.56.101], capacity: {memory: 56GiB, cpus: 32}}
    - {name: ha-host2, id: 2, links: [192.168.56.102], capacity: {memory: 56GiB, cpus: 32}}
    - {name: ha-host3, id: 3, links: [192.168.56.103], capacity: {memory: 24GiB, cpus: 16}}
  fencing:
    sbd: {devices: [/dev/disk/by-id/scsi-36001405aa11bb22cc33dd44ee55ff661]}
  storage:
    filesystems:
      - name: vmstore
        device: /dev/disk/by-id/dm-uuid-mpath-36001405aa11bb22cc33dd44ee55ff664
        mount: /srv/vmstore
  placement:
    strategy: balanced                            # counted, and every host used alike
    together:
      - {vms: [erp, erp-cache]}                   # on one host, as far as there is room
    apart:
      - {vms: [dns1, dns2], strict: true}         # never on one host: rather only one of them
      - {vms: [erp, build]}
  vms:
    - {name: erp, memory: 32GiB, vcpus: 8, priority: 100, prefer: [ha-host1], avoid: [ha-host3]}
    - {name: erp-cache, memory: 8GiB, vcpus: 2, priority: 100}
    - {name: dns1, memory: 1GiB, priority: 50}
    - {name: dns2, memory: 1GiB, priority: 50}
    - {name: build, memory: 16GiB, vcpus: 8, priority: 1}     # the first to stay down
