# One virtual machine of which more is said than the simple keys can: its `domain`.
kvmha:
  cluster: {name: alpha}
  nodes:
    - {name: ha-host1, id: 1, links: [192.168.56.101]}
    - {name: ha-host2, id: 2, links: [192.168.56.102]}
    - {name: ha-host3, id: 3, links: [192.168.56.103]}
  fencing:
    sbd: {devices: [/dev/disk/by-id/scsi-sbd]}
  storage:
    filesystems:
      - {name: vmstore, device: /dev/disk/by-id/scsi-vmstore, mount: /srv/vmstore}
  vms:
    - name: db1
      memory: 8GiB                      # what the balloon can give back
      vcpus: 8                          # the most that can be plugged in
      machine: q35
      disks: [{file: disk0.raw, size: 20GiB}]
      interfaces: [{bridge: br0, mac: "52:54:00:56:00:01"}]
      domain:
        title: Books
        current_memory: 4GiB            # changed live with `live: true`
        vcpu: {current: 4}              # changed live
        memory_backing: {hugepages: true}
        cputune:
          vcpupins: [{vcpu: 0, cpuset: "2-3"}, {vcpu: 1, cpuset: "2-3"}]
        cpu: {mode: host-passthrough, topology: {sockets: 2, cores: 4, threads: 1}}
        devices:
          disks:
            # The disk above is vda; this only adds to it.
            - {target: {dev: vda}, serial: BOOKS-0, iotune: {total_iops_sec: 2000}}
            - type: block
              device: disk
              driver: {name: qemu, type: raw, cache: none, io: native}
              source: {dev: /dev/disk/by-id/scsi-books}
              target: {dev: vdb, bus: virtio}
          interfaces:
            - {mac: "52:54:00:56:00:01", mtu: 9000, vlan: {tags: [{id: 42}]}}
          channels:
            - {type: unix, target: {type: virtio, name: org.qemu.guest_agent.0}}
          watchdogs: [{model: i6300esb, more: {action: reset}}]
          raw: ["<shmem name='books'><model type='ivshmem-plain'/><size unit='M'>4</size></shmem>"]
