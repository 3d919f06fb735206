"""How good an output is beside what a person wrote; needs the extra `evaluate`."""
