# An existing libvirt VM is taken under the cluster: salt-run kvmha.adopt_vm.
{%- set adopt = pillar.get("kvmha_adopt", {}) %}

The VM {{ adopt.get("vm", "") }} is the cluster's:
  kvmha_adopt.adopted:
    - vm: {{ adopt.get("vm", "") | json }}
    - node: {{ adopt.get("node", "") | json }}
    - live: {{ adopt.get("live", false) | json }}
    - confirm: {{ adopt.get("confirm", "") | json }}
    - spec: {{ pillar.get("kvmha", {}) | json }}
