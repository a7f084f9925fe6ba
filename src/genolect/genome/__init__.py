"""The prepared genome and what is drawn from it: windows, hold-out, labels, tracks, orthologues, a synthetic genome."""
