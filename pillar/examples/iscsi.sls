# Three nodes whose VM storage comes by iSCSI, with CHAP both ways, over two paths.
# `python -m lab up --iscsi --pillar pillar/examples/iscsi.sls` has this very target.
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
    iscsi:
      initiator_prefix: iqn.2026-11.com.example
      targets:
        - iqn: iqn.2026-11.lab.kvmha:san
          portals: ["192.168.56.1:3260", "192.168.56.2:3260"]
          user: lab-initiator
          secret: san
          mutual_user: lab-target
          mutual_secret: san.back
          startup: automatic
          replacement_timeout: 5s
          noop_interval: 2s
          noop_timeout: 3s
    multipath:
      defaults: {find_multipaths: "yes", user_friendly_names: "no"}
      blacklist:
        devnodes: ["^ubd[a-z]"]
        wwids: ["3600508b1001c.*"]
      aliases:
        - name: vmstore
          wwid: "360000000000000000e00000000010001"
          options: {no_path_retry: 12}
    filesystems:
      - {name: vmstore, device: /dev/mapper/vmstore, mount: /srv/vmstore, max_nodes: 4}

# For the nodes only. Better not in clear text: from GPG or Vault.
kvmha_secrets:
  san: in-the-lab-only
  san.back: said-back-by-the-lab
