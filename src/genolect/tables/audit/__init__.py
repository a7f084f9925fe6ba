"""The audit of a labelled table: one file for each finding."""
