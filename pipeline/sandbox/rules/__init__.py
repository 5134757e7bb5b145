"""The documented rules of each message, as checks that name what they find."""
