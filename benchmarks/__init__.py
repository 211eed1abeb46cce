"""What kvmha costs, side by side with other tools, on one real cluster of one node.

``python -m benchmarks cib`` measures; README.md here says how and what came of it. Nothing in
here is a test: seconds depend on the machine, so no test asserts them.
"""
