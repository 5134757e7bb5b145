"""The rekey worker: topics that are not keyed by guest into one that is, exactly once."""
