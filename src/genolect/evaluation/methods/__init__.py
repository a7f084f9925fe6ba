"""One file for each way to answer a labelled task."""
