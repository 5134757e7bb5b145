"""What shops publish: the events, and how their bytes are read."""
