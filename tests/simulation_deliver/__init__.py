"""The deliverer, unchanged, in a world whose time, network and Kafka are simulated."""
