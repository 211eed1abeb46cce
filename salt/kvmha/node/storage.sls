# Done once for the cluster, on its first node.
{%- set document = pillar.get("kvmha", {}) %}
{%- set spec = document | json %}
{%- set layout = salt["kvmha.layout"](document) %}

{%- if layout.volume_groups %}

Pacemaker locks the volume groups:
  pacemaker.configured:
    - part: locking
    - settle: 5min
    - spec: {{ spec }}

{%- for group in layout.volume_groups %}

Volume group {{ group }} is on its disks:
  clvm.vg_created:
    - vg: {{ group }}
    - spec: {{ spec }}
    - require:
      - pacemaker: Pacemaker locks the volume groups
    - require_in:
      - pacemaker: Pacemaker mounts the shared filesystems

{%- endfor %}
{%- for volume in layout.volumes %}

Volume {{ volume }} is there:
  clvm.lv_present:
    - lv: {{ volume }}
    - spec: {{ spec }}
    - require:
      - clvm: Volume group {{ volume.split("/")[0] }} is on its disks
    - require_in:
      - pacemaker: Pacemaker mounts the shared filesystems

{%- endfor %}
{%- endif %}

{%- for filesystem in layout.filesystems if not layout.awaited %}

Filesystem {{ filesystem.name }} is on its disk:
  {{ filesystem.maker }}.formatted:
    - filesystem: {{ filesystem.name }}
    - spec: {{ spec }}
    - require_in:
      - pacemaker: Pacemaker mounts the shared filesystems

{%- endfor %}

Pacemaker mounts the shared filesystems:
  pacemaker.configured:
    - part: filesystems
    - spec: {{ spec }}
