"""What a model is asked to predict: integers in, loss out."""
