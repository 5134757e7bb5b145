"""The schemas of `avro/`."""
