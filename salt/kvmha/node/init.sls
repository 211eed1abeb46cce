# What one node does by itself, in a highstate. What is done once for the cluster is done by
# its first node; each stage waits for the one before.
{%- set layout = salt["kvmha.layout"](pillar.get("kvmha", {})) %}
{%- set first = layout.first %}
include:
  - kvmha.node.packages
  - kvmha.node.configured
  - kvmha.node.running
{%- if first %}
  - kvmha.node.fencing
  - kvmha.node.storage
  - kvmha.node.vms
{%- endif %}
{%- if layout.volume_groups %}
  - kvmha.node.volumes
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
{%- if layout.volume_groups %}
  Volumes in use have their size:
    clvm:
      - require:
        - sls: kvmha.node.running
{%- endif %}
{%- if first and layout.volume_groups %}
  Pacemaker locks the volume groups:
    pacemaker:
      - require:
        - sls: kvmha.node.fencing
{%- endif %}
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
