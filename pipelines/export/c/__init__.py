"""A model as one C99 file without allocation, from the same graph as the ONNX file."""
