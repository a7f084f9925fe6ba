"""What a model will cost before it is trained: parameters, time, memory."""
