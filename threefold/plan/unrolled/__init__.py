"""Unrolled layers: matrices of constants as graphs of adders."""
