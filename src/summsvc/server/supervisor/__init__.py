"""Several server processes on one machine: a parent that starts, watches and ends them."""
