"""Carries commerce orders from Kafka into Sitecore CDP."""

__version__ = "0.1.0"
