"""Columns of pictures: found, decoded safely, and made into features fitted to nothing."""
