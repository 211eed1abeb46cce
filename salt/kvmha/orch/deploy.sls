# From bare nodes to a validated cluster. Each stage ends in a gate that looks at the nodes.
{%- set document = pillar.get("kvmha", {}) %}
{%- set spec = document | json %}
{%- set layout = salt["kvmha_master.layout"](document) %}
{%- set nodes = layout.minions | json %}
{%- set first = [layout.first] | json %}

The pillar describes a cluster:
  kvmha.spec_valid:
    - spec: {{ spec }}

{%- if layout.valid %}

"Stage: preflight":
  kvmha.stage:
    - name: preflight
    - text: are these the hosts, disks and clocks that the pillar means?
    - require:
      - kvmha: The pillar describes a cluster

All nodes are ready:
  kvmha.nodes_ready:
    - spec: {{ spec }}
    - require:
      - kvmha: "Stage: preflight"

corosync has a key:
  kvmha.authkey_made:
    - spec: {{ spec }}
    - require:
      - kvmha: All nodes are ready

"Stage: packages":
  kvmha.stage:
    - name: packages
    - text: installing what is missing
    - require:
      - kvmha: corosync has a key

Packages are on all nodes:
  salt.state:
    - tgt: {{ nodes }}
    - tgt_type: list
    - sls: kvmha.node.packages
    - timeout: 120
    - require:
      - kvmha: "Stage: packages"

"Stage: configuration":
  kvmha.stage:
    - name: configuration
    - text: names, time, disks of the SAN, corosync and its key, SBD, OCFS2, libvirt
    - require:
      - salt: Packages are on all nodes

All nodes are configured:
  salt.state:
    - tgt: {{ nodes }}
    - tgt_type: list
    - sls: kvmha.node.configured
    - timeout: 120
    - require:
      - kvmha: "Stage: configuration"

{%- if layout.san %}

The SAN's disks are the same on all nodes:
  kvmha.gate:
    - gate: disks
    - spec: {{ spec }}
    - require:
      - salt: All nodes are configured
    - require_in:
      - kvmha: "Stage: cluster"

{%- endif %}

"Stage: cluster":
  kvmha.stage:
    - name: cluster
    - text: starting corosync, SBD and Pacemaker
    - require:
      - salt: All nodes are configured

The cluster runs on all nodes:
  salt.state:
    - tgt: {{ nodes }}
    - tgt_type: list
    - sls: kvmha.node.running
    - timeout: 120
    - require:
      - kvmha: "Stage: cluster"

All nodes are members:
  kvmha.gate:
    - gate: quorate
    - spec: {{ spec }}
    - require:
      - salt: The cluster runs on all nodes

"Stage: fencing":
  kvmha.stage:
    - name: fencing
    - text: properties and the fencing resource
    - require:
      - kvmha: All nodes are members

Pacemaker can fence:
  salt.state:
    - tgt: {{ first }}
    - tgt_type: list
    - sls: kvmha.node.fencing
    - timeout: 120
    - require:
      - kvmha: "Stage: fencing"

Fencing answers:
  kvmha.gate:
    - gate: fencing
    - spec: {{ spec }}
    - require:
      - salt: Pacemaker can fence

"Stage: storage":
  kvmha.stage:
    - name: storage
    - text: formatting, locking and mounting the shared filesystems
    - require:
      - kvmha: Fencing answers

Shared filesystems are in the cluster:
  salt.state:
    - tgt: {{ first }}
    - tgt_type: list
    - sls: kvmha.node.storage
    - timeout: 120
    - require:
      - kvmha: "Stage: storage"

{%- if document.get("storage", {}).get("volume_groups") %}

Volumes have their size on every node:
  salt.state:
    - tgt: {{ nodes }}
    - tgt_type: list
    - sls: kvmha.node.volumes
    - timeout: 120
    - require:
      - salt: Shared filesystems are in the cluster
    - require_in:
      - kvmha: Shared filesystems are mounted everywhere

{%- endif %}

Shared filesystems are mounted everywhere:
  kvmha.gate:
    - gate: storage
    - spec: {{ spec }}
    - require:
      - salt: Shared filesystems are in the cluster

"Stage: vms":
  kvmha.stage:
    - name: vms
    - text: disks, domains and resources of the virtual machines
    - require:
      - kvmha: Shared filesystems are mounted everywhere

{%- if layout.moves == "ssh" %}

The nodes' public keys are known:
  kvmha.migration_keys_known:
    - spec: {{ spec }}
    - require:
      - kvmha: "Stage: vms"

Nodes trust each other's keys:
  salt.state:
    - tgt: {{ nodes }}
    - tgt_type: list
    - sls: kvmha.node.migration
    - timeout: 120
    - require:
      - kvmha: The nodes' public keys are known

{%- endif %}
{%- if layout.moves %}

Virtual machines may come to every node:
  kvmha.migration_possible:
    - spec: {{ spec }}
    - require:
{%- if layout.moves == "ssh" %}
      - salt: Nodes trust each other's keys
{%- else %}
      - kvmha: "Stage: vms"
{%- endif %}

{%- endif %}

Virtual machines are in the cluster:
  salt.state:
    - tgt: {{ first }}
    - tgt_type: list
    - sls: kvmha.node.vms
    - timeout: 120
    - require:
{%- if layout.moves %}
      - kvmha: Virtual machines may come to every node
{%- else %}
      - kvmha: "Stage: vms"
{%- endif %}

Each virtual machine runs once:
  kvmha.gate:
    - gate: vms
    - spec: {{ spec }}
    - require:
      - salt: Virtual machines are in the cluster

"Stage: validation":
  kvmha.stage:
    - name: validation
    - text: reading back what each node wrote, listening for heartbeats
    - require:
      - kvmha: Each virtual machine runs once

The cluster is validated:
  kvmha.validated:
    - spec: {{ spec }}
    - require:
      - kvmha: "Stage: validation"

{%- if layout.failover %}

"Stage: failover":
  kvmha.stage:
    - name: failover
    - text: proving that a virtual machine survives the loss of its host
    - require:
      - kvmha: The cluster is validated

A virtual machine survives the loss of its host:
  kvmha.failover_proven:
    - spec: {{ spec }}
    - require:
      - kvmha: "Stage: failover"

{%- endif %}
{%- endif %}
