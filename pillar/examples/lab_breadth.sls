# The long run's cluster in the lab: every choice that can stand beside the others, at once.
# Boot it with board controllers: python -m lab up --bmc --pillar pillar/examples/lab_breadth.sls
kvmha_secrets: {ipmi: power}
kvmha:
  cluster: {name: breadth}
  nodes:
    - {name: ha-host1, id: 1, links: [192.168.56.101], capacity: {memory: 512MiB, cpus: 16}}
    - {name: ha-host2, id: 2, links: [192.168.56.102], capacity: {memory: 512MiB, cpus: 16}}
    - {name: ha-host3, id: 3, links: [192.168.56.103], capacity: {memory: 512MiB, cpus: 16}}
  corosync: {token: 10s}
  fencing:
    sbd:
      devices:
        - /dev/disk/by-id/scsi-lab-sbd
        - /dev/disk/by-id/scsi-lab-sbd2
        - /dev/disk/by-id/scsi-lab-sbd3
      watchdog_timeout: 15s
      watchdog_module: softdog
    devices:
      - &bmc
        name: ipmi1
        agent: fence_ipmilan
        params: {ip: 192.168.56.1, ipport: 6231, username: kvmha, lanplus: true, cipher: 3}
        secrets: {password: ipmi}
        nodes: [ha-host1]
      - {<<: *bmc, name: ipmi2, nodes: [ha-host2],
         params: {ip: 192.168.56.1, ipport: 6232, username: kvmha, lanplus: true, cipher: 3}}
      - {<<: *bmc, name: ipmi3, nodes: [ha-host3],
         params: {ip: 192.168.56.1, ipport: 6233, username: kvmha, lanplus: true, cipher: 3}}
    levels:
      - {nodes: [ha-host1], level: 1, devices: [ipmi1]}
      - {nodes: [ha-host2], level: 1, devices: [ipmi2]}
      - {nodes: [ha-host3], level: 1, devices: [ipmi3]}
      - {level: 2, devices: [sbd]}
  storage:
    filesystems:
      - {name: vmstore, device: /dev/disk/by-id/scsi-lab-vmstore, mount: /srv/vmstore, max_nodes: 4}
      - name: gfsdata
        type: gfs2
        device: /dev/disk/by-id/scsi-lab-gfs
        mount: /srv/gfsdata
        max_nodes: 4
    lvm: {filter: ["r|^/dev/ubd|"]}   # the disks below the lab's names for them
    volume_groups:
      - name: vg-vms
        devices: [/dev/disk/by-id/scsi-lab-lvm]
        access: exclusive
        volumes:
          - {name: lv1, size: 64MiB}
          - {name: images, size: 64MiB, access: shared}
  libvirt:
    # QEMU emulates here, as root and without confinement: there is no KVM below the lab.
    qemu_conf: {user: root, group: root, security_driver: none, remember_owner: 0, stdio_handler: file}
    migration: {transport: ssh, link: 0, limit: 1}
    locking: virtlockd
  deadlines: {answer: 2min, resources: 15min}
  placement: {strategy: balanced}
  tiers:
    - {name: db}
    - {name: ap, after: db, vip: {address: 192.168.56.200/24}}
  vms:
    - &guest
      name: db1
      tier: db
      type: qemu
      memory: 32MiB
      heartbeat: serial
      priority: 10
      start_timeout: 5min
      stop_timeout: 40s
      monitor: {serial: {max_age: 60s}, timeout: 15s}
      disks:
        - {file: disk0.raw, size: 1MiB, source: "salt://kvmha-lab/heartbeat.img", bus: ide}
    - {<<: *guest, name: db2}
    - {<<: *guest, name: ap1, tier: ap, priority: 5}
    - {<<: *guest, name: ap2, tier: ap, priority: 5, watchdog: {action: poweroff}}
    - name: mover                    # moves live
      type: qemu
      memory: 32MiB
      heartbeat: serial
      migrate: true
      start_timeout: 8min
      stop_timeout: 6min
      monitor_timeout: 4min
      disks:
        - {file: disk0.raw, size: 1MiB, source: "salt://kvmha-lab/heartbeat.img", bus: ide}
    - name: raw1                     # on a disk of the SAN, with a seed
      type: qemu
      memory: 32MiB
      heartbeat: serial
      disks:
        - device: /dev/disk/by-id/scsi-lab-raw
          size: 64MiB
          source: "salt://kvmha-lab/heartbeat.img"
          bus: ide
      seed: {user_data: "#cloud-config\n", meta_data: "instance-id: raw1-1\n"}
    - name: lv1                      # on a volume that is active where it runs
      type: qemu
      memory: 32MiB
      heartbeat: serial
      disks:
        - {volume: vg-vms/lv1, size: 64MiB, source: "salt://kvmha-lab/heartbeat.img", bus: ide}
    - name: live1                    # takes processors and disks while it runs
      type: qemu
      memory: 32MiB
      vcpus: 2
      heartbeat: serial
      disks:
        - {file: disk0.raw, size: 1MiB, source: "salt://kvmha-lab/heartbeat.img", bus: ide}
      domain:
        vcpu: {current: 1}
        devices: {controllers: [{type: scsi, index: 0, model: virtio-scsi}]}
  cib:
    properties: {load-threshold: 1000%}   # a busy machine is no reason to start one VM at a time
