# Two hosts without SBD: one switched power strip for both, and a delay for either.
# Its community stands apart in pillar, as `kvmha_secrets: {pdu: secret}`.
# A strip that loses its own power takes the host and the means to fence it: use two (or a UPS).
kvmha:
  cluster: {name: zeta}
  nodes:
    - {name: kvm-a, id: 1, links: [192.168.50.11]}
    - {name: kvm-b, id: 2, links: [192.168.50.12]}
  fencing:
    devices:
      - name: pdu
        agent: fence_apc_snmp
        params: {ip: 10.50.0.9}
        secrets: {community: pdu}
        ports: {kvm-a: 7, kvm-b: 8}
        delay: 5s                # beside the random one of up to 30s that two nodes get
        delay_max: 20s
    priority_delay: 60s
