"""Networks from tokens to hidden states; they know no genome."""
