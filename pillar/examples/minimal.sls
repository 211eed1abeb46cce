# The least that makes a cluster: two hosts, one shared disk to fence over.
# Everything else has a default (_utils/kvmha/spec/model.py).
kvmha:
  cluster: {name: alpha}
  nodes:
    - {name: ha-host1, id: 1, links: [192.168.56.101]}   # name: what `uname -n` prints there
    - {name: ha-host2, id: 2, links: [192.168.56.102]}
  fencing:
    sbd:
      # A LUN of a few MiB, seen by all hosts under this name: `ls -l /dev/disk/by-id`.
      devices: [/dev/disk/by-id/scsi-36001405aa11bb22cc33dd44ee55ff661]
