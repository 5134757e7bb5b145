"""The deliver worker: what is owed in, requests out, in order per guest."""
