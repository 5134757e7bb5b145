"""Random kills, freezes and restarts of workers and brokers, on real components."""
