"""Long trainings, several at once on one GPU, within a limited time.

python benchmarks/long_trainings.py --data-dir FOLDER --checkpoints FOLDER --until 3000

Trains cases of accuracy.py whose names begin with long/, in their order, and the float network of
those that have one first. A training that is not done in time stops after the epoch under way; the
same command goes on from there. What two cases have in common, such as a float network that both
start from, is trained once. accuracy.py takes up the checkpoints and records the accuracies.
"""

import argparse
import dataclasses
import itertools
import multiprocessing
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from accuracy import CASES, file_name, source
from rich.console import Console

from threefold.files import write_json
from threefold.quant import Dataset, TrainConfig, accuracy, load_dataset, train_stages
from threefold.quant.training.stages import checkpoint_names

__all__ = ["MODES", "Training", "train_all", "trainings"]

MODES = {
    "compiled": {"compiled": True},
    "graphs": {"compiled": False},
    "eager": {"compiled": False, "graphs": False},
}
"""How steps are computed, by name: the next one where one fails."""

_EVERY = 10  # epochs, that a line tells
_GRACE = 20.0  # seconds that a training has for its last epoch


@dataclass(frozen=True)
class Training:
    """A training of a case, in a process of its own.

    Parameters
    ----------
    case : str
    config : TrainConfig
        That of the case for one seed, or its float twin.
    folder : path
        Where checkpoints are.
    file : str
        How their names begin.
    """

    case: str
    config: TrainConfig
    folder: Path
    file: str

    def __str__(self):
        return f"{self.case} {'' if self.config.ternary else 'float '}{self.config.seed}"

    @property
    def path(self) -> Path:
        """The last checkpoint."""
        return self.folder / f"{self.file}.pt"

    def takes(self, other: "Training") -> Path | None:
        """Where a checkpoint of ``other`` belongs, if this one begins with the same training."""
        stages = self.config.trainings[:-1]
        if not stages or other.config.stages or stages[0] != other.config:
            return None
        return self.folder / checkpoint_names(self.config, self.file)[0]


class _EndError(Exception):
    """The end of the time."""


def trainings(names: Sequence[str], seeds: Sequence[int], folder: Path) -> list[Training]:
    """Those of cases, in order."""
    found = []
    for name in names:
        for seed in seeds:
            config, place = CASES[name].config(seed), folder / file_name(name) / str(seed)
            if CASES[name].twin:
                found.append(Training(name, config.twin, place, "checkpoint_float"))
            found.append(Training(name, config, place, "checkpoint"))
    return found


def train_all(
    waiting: Sequence[Training],
    dataset: Dataset,
    *,
    at_once: int,
    until: float,
    console: Console,
    device: str = "cuda",
    mode: str = "compiled",
) -> list[str]:
    """Train as many as time allows; the processes are forked, so CUDA must not be in use here.

    Parameters
    ----------
    waiting : sequence of Training
        The most important ones first.
    dataset : Dataset
        That of all of them.
    at_once : int
        Processes.
    until : float
        When to stop, in seconds of ``time.monotonic``.
    console : Console
    device : str
    mode : str
        Name in :data:`MODES` to begin with.

    Returns
    -------
    unfinished : list of str
        What is left to do.
    """
    context = multiprocessing.get_context("fork")
    modes = list(MODES)[list(MODES).index(mode) :]
    queue = [(training, modes) for training in waiting]
    running: dict = {}
    while running or (queue and time.monotonic() < until):
        if time.monotonic() > until + _GRACE:
            break
        for process, (training, left) in [*running.items()]:
            if process.exitcode is None:
                continue
            del running[process]
            if process.exitcode and len(left) > 1:
                console.print(f"{training}: {left[0]} failed, now {left[1]}", soft_wrap=True)
                queue.insert(0, (training, left[1:]))
        busy = {training for training, _ in [*running.values(), *queue]}
        for entry in [*queue]:
            if len(running) >= at_once or time.monotonic() >= until:
                break
            training, left = entry
            before = next((each for each in waiting if training.takes(each)), None)
            if before in busy:
                continue
            if before is not None and before.path.exists():
                training.folder.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(before.path, training.takes(before))
            queue.remove(entry)
            options = (training, dataset, until, console, device, left[0])
            process = context.Process(target=_train, args=options, daemon=False)
            process.start()
            running[process] = (training, left)
        time.sleep(0.05)
    for process in running:
        process.kill()
        process.join()
    done = {training for training in waiting if (training.folder / _done(training)).exists()}
    return [str(training) for training in waiting if training not in done]


def _done(training: Training) -> str:
    return f"{training.file}.json"


def _train(
    training: Training,
    dataset: Dataset,
    until: float,
    console: Console,
    device: str,
    mode: str,
) -> None:
    """One training, which ends in time; a file beside the checkpoint tells that it is done."""
    config = dataclasses.replace(training.config, device=device, **MODES[mode])
    training.folder.mkdir(parents=True, exist_ok=True)
    times = [time.monotonic()]

    def on_epoch(done: int, loss: float) -> None:
        times.append(time.monotonic())
        spent = times[-1] - times[-2]
        if done % _EVERY == 0 or len(times) <= 4:
            console.print(
                f"{training}: {mode}, epoch {done}, loss {loss:.4f}, {spent:.2f} s",
                soft_wrap=True,
                highlight=False,
            )
        # Half an epoch late at most; the first takes longer, which compiles.
        late = spent / 2 if len(times) > 2 else 0.0
        if done < config.total_epochs and times[-1] + late > until:
            raise _EndError(done)

    try:
        model, losses = train_stages(
            dataset, config, folder=training.folder, name=training.file, on_epoch=on_epoch
        )
    except _EndError as end:
        console.print(f"{training}: stopped after epoch {end}", soft_wrap=True, highlight=False)
        return
    share = accuracy(model, dataset.test_images, dataset.test_labels)
    spent = sorted(after - before for before, after in itertools.pairwise(times))
    record = {
        "accuracy": share,
        "device": torch.cuda.get_device_name() if device == "cuda" else device,
        "mode": mode,
        "seconds_an_epoch": round(spent[len(spent) // 2], 3),
        "torch": torch.__version__,
    }
    write_json(training.folder / _done(training), record)
    console.print(
        f"{training}: done, {share:.4f} held out, loss {losses[-1]:.4f}, "
        f"{record['seconds_an_epoch']:.2f} s an epoch",
        soft_wrap=True,
        highlight=False,
    )


def main() -> None:
    """Train what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, metavar="FOLDER", help="folders of the data sets")
    parser.add_argument("--checkpoints", type=Path, default=Path("out", "accuracy"))
    long = [name for name in CASES if name.startswith("long/")]
    parser.add_argument("--only", nargs="+", choices=long, metavar="CASE", default=long)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--at-once", type=int, default=3, metavar="N", help="processes (3)")
    parser.add_argument("--until", type=float, default=1e6, metavar="SECONDS", help="from now on")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda")
    parser.add_argument("--mode", choices=MODES, default="compiled", help="how to begin (compiled)")
    args = parser.parse_args()
    until = time.monotonic() + args.until
    console = Console(stderr=True)
    waiting = trainings(args.only, args.seeds, args.checkpoints)
    sets = {training.config.dataset for training in waiting}
    if len(sets) > 1:
        parser.error(f"trainings at once are of one data set, not of {', '.join(sorted(sets))}")
    dataset = load_dataset(*sets, source(*sets, args.data_dir))
    left = train_all(
        waiting,
        dataset,
        at_once=args.at_once,
        until=until,
        console=console,
        device=args.device,
        mode=args.mode,
    )
    console.print(f"left: {', '.join(left) or 'nothing'}", soft_wrap=True)


if __name__ == "__main__":
    main()
