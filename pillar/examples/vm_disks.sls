# Every place that a VM's disk can be at, and everything that it can be filled from.
# Texts with passwords belong into another pillar key, kvmha_secrets: {web1-user: "#cloud-config..."}.
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
        device: /dev/disk/by-id/scsi-36001405aa11bb22cc33dd44ee55ff664
        mount: /srv/vmstore
  vms:
    - name: web1                     # a cloud image as a file, and what cloud-init does with it
      memory: 2GiB
      disks:
        - file: system.qcow2
          format: qcow2
          size: 20GiB
          source: https://download.example.com/leap.qcow2
          checksum: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
        - {file: data.raw, size: 100GiB}                       # empty
      seed:
        user_data: secret:web1-user                            # from kvmha_secrets
        meta_data: "instance-id: web1-1\nlocal-hostname: web1\n"
        network_config: salt://seeds/web1-network.yaml
      interfaces: [{bridge: br0}]
    - name: db1                      # an image on a disk of the SAN that it has for itself
      memory: 16GiB
      disks:
        - device: /dev/disk/by-id/scsi-36001405aa11bb22cc33dd44ee55ff665
          size: 100GiB
          source: salt://images/sles.raw
      interfaces: [{bridge: br0}]
    - name: sap1                     # AutoYaST: kernel, initrd and an unattended file
      memory: 16GiB
      disks: [{file: system.raw, size: 60GiB}]
      interfaces: [{bridge: br0}]
      install:
        kernel: salt://leap/boot/x86_64/loader/linux
        initrd: salt://leap/boot/x86_64/loader/initrd
        cmdline: install=http://192.168.56.1/leap console=ttyS0
        answers: salt://leap/autoinst.xml
    - name: app1                     # Anaconda: its medium, and a kickstart file
      memory: 8GiB
      disks: [{file: system.raw, size: 60GiB}]
      interfaces: [{bridge: br0}]
      install:
        iso: /srv/iso/server.iso
        checksum: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
        answers: secret:app1-kickstart
        answers_file: ks.cfg
        timeout: 90min
    - name: old1                     # adopted: its disk is taken with what is on it
      memory: 4GiB
      disks:
        - device: /dev/disk/by-id/scsi-36001405aa11bb22cc33dd44ee55ff666
          size: 40GiB
          existing: true
