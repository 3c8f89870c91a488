"""Columns of pictures: found, decoded safely, and turned into features that are fitted to nothing."""
