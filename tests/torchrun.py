"""Commands on several processes."""

import subprocess
import sys

__all__ = ["torchrun"]


def torchrun(*command, processes=2):
    """Run ``command``, a script or ``-m`` and a module with arguments, as ``torchrun`` does."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    return subprocess.run(
        [*launcher, f"--nproc-per-node={processes}", *map(str, command)],
        capture_output=True,
        text=True,
        timeout=300,
    )
