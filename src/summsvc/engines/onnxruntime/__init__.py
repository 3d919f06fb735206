"""Engine for student models converted to ONNX graphs, run by onnxruntime."""
