"""Networks for pictures: described, counted, trained by PyTorch, stored and run as ONNX."""
