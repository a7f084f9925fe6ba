"""genolect: from a genome to a sequence model that its user can trust."""

__version__ = "0.1.0"
