"""What a run means: set beside what was observed, and drawn together."""
