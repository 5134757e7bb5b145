"""The Stream API: messages, rules, outcomes."""
