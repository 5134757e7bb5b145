"""The chart and the image, as Helm, an API server and a node would take them."""
