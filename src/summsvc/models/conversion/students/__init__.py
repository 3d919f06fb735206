"""Conversion of Marian student models, as Firefox ships them, to ONNX graphs."""
