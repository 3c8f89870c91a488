"""Commands that take a model along: as one file that needs no Espalier."""
