"""Objective kinds, one file each: `kind.register` makes one from elsewhere known."""
