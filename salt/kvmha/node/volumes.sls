# On every node: volumes that have grown are seen in their size by the nodes that use them.
Volumes in use have their size:
  clvm.sizes_current:
    - spec: {{ pillar.get("kvmha", {}) | json }}
