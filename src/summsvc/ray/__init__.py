"""The service as an application of Ray Serve: proxy, replicas, models in their own deployments."""
