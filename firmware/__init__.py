"""What a host or a processor on the chip needs to drive an accelerator."""
