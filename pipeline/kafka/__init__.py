"""Adapters to Kafka: consumer, transactions, changelog, topics."""
