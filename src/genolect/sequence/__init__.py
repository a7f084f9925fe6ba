"""Biology without learning: letters, files and stretches of sequence."""
