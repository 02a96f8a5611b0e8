"""Serial layers: an adder graph that takes a digit of its vectors a cycle."""
