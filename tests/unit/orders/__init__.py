"""The assembler's core: what guests do, and what is owed for it."""
