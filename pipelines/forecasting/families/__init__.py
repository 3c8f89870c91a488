"""The families of forecasters: each works on all series of a block at once."""
