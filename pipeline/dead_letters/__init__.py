"""What was set aside: found again, shown, replayed, or discarded."""
