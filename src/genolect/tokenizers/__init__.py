"""Letters to integers and back, with the base-to-token map."""
