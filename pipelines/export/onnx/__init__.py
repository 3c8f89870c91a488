"""A model as an ONNX graph: raw columns in, labels, probabilities or values out."""
