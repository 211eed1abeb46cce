# What one node does by itself, in a highstate. What is done once for the cluster is done by
# its first node; each stage waits for the one before.
{%- set first = salt["kvmha.layout"](pillar.get("kvmha", {})).first %}
include:
  - kvmha.node.packages
  - kvmha.node.configured
  - kvmha.node.running
{%- if first %}
  - kvmha.node.fencing
  - kvmha.node.storage
  - kvmha.node.vms
{%- endif %}

extend:
  Nodes know each other by name:
    kvmha:
      - require:
        - sls: kvmha.node.packages
  The cluster runs on this node:
    kvmha:
      - require:
        - sls: kvmha.node.configured
{%- if first %}
  Pacemaker fences nodes that fail:
    pacemaker:
      - require:
        - sls: kvmha.node.running
  Pacemaker mounts the shared filesystems:
    pacemaker:
      - require:
        - sls: kvmha.node.fencing
  Pacemaker runs the virtual machines:
    pacemaker:
      - require:
        - sls: kvmha.node.storage
{%- endif %}
