# Two hosts and a third vote: a qdevice, which asks a qnetd server that is no node of the cluster.
# With it two nodes have a majority, so SBD can do without a disk.
kvmha:
  cluster: {name: delta}
  nodes:
    - {name: kvm-a, id: 1, links: [192.168.30.11]}
    - {name: kvm-b, id: 2, links: [192.168.30.12]}
  corosync:
    quorum:
      device:
        model: net
        votes: 1
        sync_timeout: 30s
        # `on` and `required` want certificates on the nodes: docs/how-to/fencing.md.
        net: {host: qnetd.example.org, algorithm: ffsplit, tls: "off"}
  fencing:
    sbd:
      devices: []
      watchdog_timeout: 35s      # longer than sync_timeout: quorum may take that long to be told
      watchdog_module: iTCO_wdt
