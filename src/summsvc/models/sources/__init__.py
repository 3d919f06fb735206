"""Sources of models: the model hub, and web servers with published files."""
