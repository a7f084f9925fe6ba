"""Which stretches of which genome, in which order, with which label."""
