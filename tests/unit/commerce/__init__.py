"""Commerce events, from and to bytes and text."""
