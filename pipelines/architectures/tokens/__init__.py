"""Networks for texts, from the tokens up: described, counted, trained, stored as ONNX."""
