"""Tests of rekey: the same records, under their guests' keys."""
