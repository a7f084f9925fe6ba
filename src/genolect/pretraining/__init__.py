"""From a recipe to a trained model: plan, batches, loop, optimizer, checkpoints."""
