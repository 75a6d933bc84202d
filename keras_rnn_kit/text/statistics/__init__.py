"""What a corpus is made of, as numbers."""
