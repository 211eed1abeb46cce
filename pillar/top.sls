# The pillar `kvmha` has to reach the nodes and the master's own minion id
# (`<hostname>_master`), which compiles the orchestration.
base:
  '*':
    - kvmha   # your copy of examples/three_node.sls, as kvmha.sls beside this file
