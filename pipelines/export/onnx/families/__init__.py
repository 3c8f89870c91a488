"""Model families as ONNX nodes: from a float32 matrix to probabilities or values."""
