"""A cluster of real nodes on one plain machine, for tests and for trying things out.

Every node is a User Mode Linux kernel inside one network namespace; see ``python -m lab -h``.
"""

from lab.api import Lab, Node
from lab.errors import LabError

__all__ = ["Lab", "LabError", "Node"]
