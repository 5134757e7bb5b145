"""Begins anew: offsets, guests and deliveries together, so that none contradicts the others."""
