Pacemaker fences nodes that fail:
  pacemaker.configured:
    - part: fencing
    - spec: {{ pillar.get("kvmha", {}) | json }}
