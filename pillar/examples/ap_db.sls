# An application tier over a database tier: two VMs each, spread over three hosts.
kvmha:
  cluster: {name: delta}
  nodes:
    - {name: ha-host1, id: 1, links: [192.168.56.101]}
    - {name: ha-host2, id: 2, links: [192.168.56.102]}
    - {name: ha-host3, id: 3, links: [192.168.56.103]}
  fencing:
    sbd: {devices: [/dev/disk/by-id/scsi-36001405aa11bb22cc33dd44ee55ff661]}
  storage:
    filesystems:
      - name: vmstore
        device: /dev/disk/by-id/dm-uuid-mpath-36001405aa11bb22cc33dd44ee55ff664
        mount: /srv/vmstore
  tiers:
    - {name: db}
    - name: ap
      after: db                                   # one db VM that answers suffices
      vip: {address: 192.168.56.200/24, nic: br0}   # on a host with an ap VM that answers
  vms:
    - name: db1
      tier: db
      memory: 16GiB
      vcpus: 4
      disks: [{file: system.qcow2, format: qcow2, size: 20GiB, source: "salt://images/sles.qcow2"}]
      interfaces: [{bridge: br0}]
      start_timeout: 5min                         # until its port takes connections
      monitor: {tcp: {host: 192.168.56.21, port: 5432}}
    - name: db2
      tier: db
      memory: 16GiB
      vcpus: 4
      disks: [{file: system.qcow2, format: qcow2, size: 20GiB, source: "salt://images/sles.qcow2"}]
      interfaces: [{bridge: br0}]
      start_timeout: 5min
      monitor: {tcp: {host: 192.168.56.22, port: 5432}}
    - name: ap1
      tier: ap
      memory: 8GiB
      vcpus: 2
      disks: [{file: system.qcow2, format: qcow2, size: 20GiB, source: "salt://images/sles.qcow2"}]
      interfaces: [{bridge: br0}]
      start_timeout: 5min
      monitor:
        guest_agent: true
        http: {url: "http://192.168.56.31:8080/health", expect: ready}
      watchdog: {model: i6300esb, action: reset}
    - name: ap2
      tier: ap
      memory: 8GiB
      vcpus: 2
      disks: [{file: system.qcow2, format: qcow2, size: 20GiB, source: "salt://images/sles.qcow2"}]
      interfaces: [{bridge: br0}]
      start_timeout: 5min
      monitor:
        guest_agent: true
        http: {url: "http://192.168.56.32:8080/health", expect: ready}
        timeout: 15s
      watchdog: {model: i6300esb, action: reset}
