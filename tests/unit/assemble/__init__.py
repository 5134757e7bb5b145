"""The assemble worker."""
