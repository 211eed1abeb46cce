Pacemaker fences by SBD:
  pacemaker.configured:
    - part: fencing
    - spec: {{ pillar.get("kvmha", {}) | json }}
