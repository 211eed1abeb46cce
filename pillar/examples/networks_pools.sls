# Three nodes that have the same networks and pools of libvirt; the VM's cards are plugged into them.
kvmha:
  cluster: {name: alpha}
  nodes:
    - {name: ha-host1, id: 1, links: [192.168.56.101]}
    - {name: ha-host2, id: 2, links: [192.168.56.102]}
    - {name: ha-host3, id: 3, links: [192.168.56.103]}
  corosync: {token: 10s}
  fencing:
    sbd:
      devices: [/dev/disk/by-id/scsi-lab-sbd]
      watchdog_module: softdog
  storage:
    filesystems:
      - {name: vmstore, device: /dev/disk/by-id/scsi-lab-vmstore, mount: /srv/vmstore, max_nodes: 4}
  libvirt:
    networks:
      - {name: lan, type: bridge, bridge: br0}
      - {name: san, type: direct, dev: eth1, mode: private}
      - {name: between, type: isolated, bridge: virbr9}
      - name: out
        type: nat
        dev: eth0
        address: 192.168.100.1/24
        dhcp_start: 192.168.100.100
        dhcp_end: 192.168.100.200
      - {name: default, type: nat, state: absent}
    pools:
      - name: images
        type: dir
        path: /var/lib/libvirt/images
        volumes:
          - {name: scratch.qcow2, size: 1GiB, format: qcow2}
          - {name: old.raw, size: 1GiB, state: absent}
      - name: local
        type: logical
        group: vg-local
        volumes:
          - {name: scratch, size: 1GiB}
      - {name: archive, type: iscsi, iqn: "iqn.2026-11.com.example:archive", portal: 192.168.56.1}
      - {name: former, type: dir, state: absent}
  vms:
    - name: web1
      memory: 1GiB
      disks:
        - {file: disk0.qcow2, format: qcow2, size: 10GiB}
      interfaces:
        - {network: lan}
        - {network: san, mac: "52:54:00:00:00:01"}
  consent:
    overwrite: [/var/lib/libvirt/images/old.raw]
