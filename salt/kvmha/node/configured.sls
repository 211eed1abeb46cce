# Everything a node needs before the cluster starts on it. The first node also writes SBD's header.
{%- set document = pillar.get("kvmha", {}) %}
{%- set spec = document | json %}
{%- set layout = salt["kvmha.layout"](document) %}

Nodes know each other by name:
  kvmha.names_managed:
    - spec: {{ spec }}

The clock follows the time servers:
  kvmha.time_managed:
    - spec: {{ spec }}

{%- if layout.san %}

Disks with several paths are one disk:
  multipath.managed:
    - spec: {{ spec }}

The SAN's targets are logged in:
  iscsi.logged_in:
    - spec: {{ spec }}

The SAN's disks are there:
  kvmha.disks_present:
    - spec: {{ spec }}

{%- endif %}

corosync knows the cluster:
  corosync.managed:
    - spec: {{ spec }}

corosync shares the cluster's key:
  corosync.authkey_managed:
    - spec: {{ spec }}

{%- if layout.first and not layout.awaited %}

SBD's disks carry its header:
  sbd.initialized:
    - spec: {{ spec }}

{%- endif %}

SBD is ready to start with the cluster:
  sbd.managed:
    - spec: {{ spec }}

{%- if layout.volume_groups %}

LVM locks what the nodes share:
  clvm.configured:
    - spec: {{ spec }}

{%- endif %}
{%- if layout.ocfs2 == "o2cb" %}

OCFS2's own cluster is described:
  o2cb.managed:
    - spec: {{ spec }}

OCFS2's own cluster is online:
  o2cb.online:
    - spec: {{ spec }}
    - require:
      - o2cb: OCFS2's own cluster is described

{%- elif layout.ocfs2 %}

OCFS2 talks to Pacemaker:
  ocfs2.stack_ready:
    - spec: {{ spec }}

{%- endif %}

libvirt leaves virtual machines to the cluster:
  libvirt_domain.host_managed:
    - spec: {{ spec }}

{%- for each in layout.libvirt %}

libvirt's {{ each.kind }} {{ each.name }} is {{ each.state }}:
  libvirt_domain.{{ each.kind }}_{{ each.state }}:
    - {{ each.kind }}: {{ each.name }}
    - spec: {{ spec }}
    - require:
      - libvirt_domain: libvirt leaves virtual machines to the cluster

{%- endfor %}

Nodes may send each other virtual machines:
  libvirt_migration.ready:
    - spec: {{ spec }}

Prometheus finds the cluster's figures:
  kvmha_metrics.managed:
    - spec: {{ spec }}
