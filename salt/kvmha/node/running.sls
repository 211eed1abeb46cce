The cluster runs on this node:
  kvmha.services_running:
    - spec: {{ pillar.get("kvmha", {}) | json }}
