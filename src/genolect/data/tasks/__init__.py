"""Tasks built from a genome and what is known of it: examples, what they are compared with, how alike both are."""
