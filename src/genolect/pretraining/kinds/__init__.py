"""One file for each kind of objective: what it needs, and how it is measured on held-out windows."""
