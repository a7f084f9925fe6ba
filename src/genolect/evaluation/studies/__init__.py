"""Questions about a model beyond a panel: next k-mers, direction, information, strands."""
