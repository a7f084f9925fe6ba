"""What a model knows, measured beside cheap baselines."""
