"""Platforms: Amaranth's, for families whose tools it does not call as they need it."""

from .flow import FlowPlatform

__all__ = ["FlowPlatform"]
