"""Strategies that propose the next trials: the choices of ``--search``."""
