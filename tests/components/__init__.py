"""Real outside systems on loopback, provisioned by name from package registries."""
