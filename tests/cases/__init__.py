"""Every numbered case of what the Stream API documents, from what a shop says to what leaves."""
