# One name for both doors: `salt-run state.orchestrate kvmha` on the master, a highstate on nodes.
include:
{%- if opts["__role"] == "master" %}
  - kvmha.orch.deploy
{%- else %}
  - kvmha.node
{%- endif %}
