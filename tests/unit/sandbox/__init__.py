"""Tests of the sandbox, written from the documented rules alone."""
