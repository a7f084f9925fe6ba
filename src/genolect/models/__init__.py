"""The model directory, the one batched forward pass, embedding."""
