# Three hosts whose boards can cut their power, and SBD for when a board does not answer.
# The boards' passwords stand apart in pillar, and reach no plan and no log:
#
#   kvmha_secrets: {ipmi.a: secret, ipmi.b: secret, ipmi.c: secret}
kvmha:
  cluster: {name: epsilon}
  nodes:
    - {name: kvm-a, id: 1, links: [192.168.40.11]}
    - {name: kvm-b, id: 2, links: [192.168.40.12]}
    - {name: kvm-c, id: 3, links: [192.168.40.13]}
  fencing:
    sbd:
      devices:
        - /dev/disk/by-id/scsi-3600a098038314f6a4d5d4e4f2d313051
        - /dev/disk/by-id/scsi-3600a098038314f6a4d5d4e4f2d313052
        - /dev/disk/by-id/scsi-3600a098038314f6a4d5d4e4f2d313053
      watchdog_timeout: 15s
      watchdog_module: iTCO_wdt
      delay_max: 0s              # three nodes: no race to decide
    devices:
      - name: ipmi-a
        agent: fence_ipmilan
        params: {ip: 10.40.0.11, username: kvmha, lanplus: true, privlvl: operator}
        secrets: {password: ipmi.a}
        nodes: [kvm-a]
      - name: ipmi-b
        agent: fence_ipmilan
        params: {ip: 10.40.0.12, username: kvmha, lanplus: true, privlvl: operator}
        secrets: {password: ipmi.b}
        nodes: [kvm-b]
      - name: ipmi-c
        agent: fence_ipmilan
        params: {ip: 10.40.0.13, username: kvmha, lanplus: true, privlvl: operator}
        secrets: {password: ipmi.c}
        nodes: [kvm-c]
    levels:
      - {nodes: [kvm-a], level: 1, devices: [ipmi-a]}
      - {nodes: [kvm-b], level: 1, devices: [ipmi-b]}
      - {nodes: [kvm-c], level: 1, devices: [ipmi-c]}
      - {level: 2, devices: [sbd]}
    priority_delay: 0s
