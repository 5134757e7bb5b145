"""Metrics, rules, dashboards and runbooks name the same things, and do what they say."""
