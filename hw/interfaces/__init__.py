"""Interfaces: what connects an accelerator to a host."""
