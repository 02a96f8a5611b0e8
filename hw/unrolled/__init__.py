"""Unrolled layers: a vector a cycle, through adders of its own for every weight."""
