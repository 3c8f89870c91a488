"""A network that holds many, of which three are proposed: differentiable architecture search."""
