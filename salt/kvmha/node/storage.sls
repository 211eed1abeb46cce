# Done once for the cluster, on its first node.
{%- set document = pillar.get("kvmha", {}) %}
{%- set spec = document | json %}
{%- set layout = salt["kvmha.layout"](document) %}

{%- for filesystem in layout.filesystems if not layout.awaited %}

Filesystem {{ filesystem }} is on its disk:
  ocfs2.formatted:
    - filesystem: {{ filesystem }}
    - spec: {{ spec }}
    - require_in:
      - pacemaker: Pacemaker mounts the shared filesystems

{%- endfor %}

Pacemaker mounts the shared filesystems:
  pacemaker.configured:
    - part: filesystems
    - spec: {{ spec }}
