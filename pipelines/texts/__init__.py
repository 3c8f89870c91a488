"""Texts by their meaning: vectors from networks that are fitted to nothing."""
