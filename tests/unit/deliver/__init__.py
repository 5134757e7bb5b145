"""Tests of the deliver worker's judging parts, and of its whole loop over fakes."""
