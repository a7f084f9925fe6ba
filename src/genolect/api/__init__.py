"""The front door, one file for each thing that a user holds; `import genolect as gl` shows it."""
