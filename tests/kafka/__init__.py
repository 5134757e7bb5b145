"""On a real broker and a real registry."""
