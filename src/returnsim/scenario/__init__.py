"""What a user writes, turned into numbers."""
