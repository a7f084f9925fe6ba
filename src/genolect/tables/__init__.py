"""The labelled table: reading, writing, splitting, relatives among its rows, and its audit."""
