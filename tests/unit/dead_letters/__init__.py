"""Tests of what a reset says that it will do."""
