"""The options of `espalier train`, by subject: their flags, help texts and panels.

Each fills the field of `TrainRequest` that has the name of its parameter; the request checks the
value.
"""
