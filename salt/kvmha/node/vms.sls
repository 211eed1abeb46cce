# Done once for the cluster, on its first node: disks and domains stand on the shared filesystems.
{%- set document = pillar.get("kvmha", {}) %}
{%- set spec = document | json %}
{%- set layout = salt["kvmha.layout"](document) %}

{%- if layout.lockspace %}

Leases of disks have their place:
  virtlockd.lockspace_made:
    - spec: {{ spec }}
    - require_in:
      - pacemaker: Pacemaker runs the virtual machines

{%- endif %}

{%- for vm in layout.vms %}

VM {{ vm }} is on its shared filesystem:
  libvirt_domain.defined:
    - vm: {{ vm }}
    - spec: {{ spec }}
    - require_in:
      - pacemaker: Pacemaker runs the virtual machines

{%- endfor %}

Pacemaker runs the virtual machines:
  pacemaker.configured:
    - part: vms
    - spec: {{ spec }}

{%- for volume in layout.former_volumes %}

Volume {{ volume }} is gone:
  clvm.lv_absent:
    - lv: {{ volume }}
    - spec: {{ spec }}
    - require:
      - pacemaker: Pacemaker runs the virtual machines

{%- endfor %}
