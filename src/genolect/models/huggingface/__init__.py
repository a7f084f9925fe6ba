"""Hugging Face directories, read and written without their code."""
