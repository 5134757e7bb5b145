"""The assemble worker: commerce events in, what is owed out, exactly once."""
