# Three hosts without a disk to spare for SBD: the watchdog alone fences.
# A node that loses quorum is reset by its watchdog; the others wait for that long, then recover.
kvmha:
  cluster: {name: gamma}
  nodes:
    - {name: kvm-a, id: 1, links: [192.168.20.11]}
    - {name: kvm-b, id: 2, links: [192.168.20.12]}
    - {name: kvm-c, id: 3, links: [192.168.20.13]}
  fencing:
    sbd:
      devices: []                # none: diskless
      watchdog_timeout: 15s
      watchdog_module: iTCO_wdt  # a hardware watchdog: softdog trusts the kernel it watches
