"""Features as ONNX nodes: from raw columns to the float32 matrix of a member."""
