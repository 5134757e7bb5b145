"""The demo: a shop's day on an embedded broker and a sandbox."""
