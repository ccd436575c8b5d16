"""A slow twin of the model, written from ``docs/model.md`` alone to check the core."""
