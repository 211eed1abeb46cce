# Once more when the master has collected the public keys of all nodes.
Nodes know each other's keys:
  libvirt_migration.ready:
    - spec: {{ pillar.get("kvmha", {}) | json }}
