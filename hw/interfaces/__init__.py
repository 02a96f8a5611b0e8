"""Interfaces between an accelerator and a host."""
