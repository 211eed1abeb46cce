"""From a ClusterSpec to the documents it wants."""
