"""Host: what talks to an accelerator on a board, without what generates it."""
