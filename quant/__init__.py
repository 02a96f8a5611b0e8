"""Training in PyTorch: layers that are ternary, and networks of exact integers out of them."""
