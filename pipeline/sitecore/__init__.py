"""The Stream API: its messages, its rules, and what its answers mean."""
