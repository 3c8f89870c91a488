"""Networks for texts, from their tokens up: described, counted, trained by PyTorch, stored as ONNX."""
