"""Reports of real results, small ones made here and those shipped."""
