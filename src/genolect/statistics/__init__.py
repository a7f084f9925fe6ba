"""Numbers in, numbers with intervals out: metrics, bootstrap, comparisons, power; knows no biology."""
