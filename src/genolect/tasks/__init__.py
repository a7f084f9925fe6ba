"""Builders of labelled tables: one file for each kind of task."""
