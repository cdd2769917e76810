"""Training: the loop, and the numbers that it takes."""
