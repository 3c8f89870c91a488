"""A model as one file that needs no Espalier: ONNX, C, or a Python script."""
