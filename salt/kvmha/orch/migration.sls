# The matrix of virtual machines and nodes, by itself: salt-run kvmha.migration_matrix.
{%- set document = pillar.get("kvmha", {}) %}
{%- set spec = document | json %}

The pillar describes a cluster:
  kvmha.spec_valid:
    - spec: {{ spec }}

Virtual machines may come to every node:
  kvmha.migration_possible:
    - spec: {{ spec }}
    - require:
      - kvmha: The pillar describes a cluster
