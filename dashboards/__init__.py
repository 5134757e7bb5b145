"""The Grafana dashboards: four boards in typed code, written as JSON into the chart."""
