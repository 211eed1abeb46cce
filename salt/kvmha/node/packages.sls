The cluster's packages are installed:
  kvmha.packages_installed:
    - spec: {{ pillar.get("kvmha", {}) | json }}
