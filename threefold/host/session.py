"""Session: registers and images of a board, over a line that may lose anything."""

import random
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ..errors import LinkError
from ..registers import IDENTITY, REGISTERS, VERSION
from ..registers.benchmark import BENCHMARK
from .board import Board
from .counters import Counters
from .flight import Flight
from .frames import ABORTED, FLAG, LOAD_BYTES, Deframer, Rejected, frame
from .program_image import crc_of
from .transport import Transport

__all__ = ["Session"]

_IMAGE, _READ, _WRITE, _LOAD, _RESULT, _VALUE = 0x01, 0x02, 0x03, 0x04, 0x81, 0x82
_TRIES = 6
_REFUSALS = 2  # of a program image, of which the line may have damaged one unnoticed
_AROUND = 9  # bytes of a frame besides its payload
_FRAMES = 8  # of a program image, before the board is asked whether they were right
_CHECKS = 256  # at most about so often, of larger ones
_REGISTERS = {**REGISTERS.on("link", loadable=True), **BENCHMARK}


class Session:
    """Session with a board, which forgets at its beginning what was on its way before.

    Parameters
    ----------
    transport : Transport
    digest : int, optional
        First 32 bits of the digest of the network that should be there; a loadable board may have
        another one, see :attr:`loaded`.
    seed : int, optional
        Seed of the random sequence numbers.

    Raises
    ------
    LinkError
        If no board answers, its registers are of another version, or it has another network.
    """

    def __init__(self, transport: Transport, *, digest: int | None = None, seed: int | None = None):
        self._transport = transport
        self._digest = digest
        self._random = random.Random(seed)
        self._deframer = Deframer()
        self._flight = Flight(0, seq=self._random.getrandbits(16))
        self._results: list[bytes] = []  # that came while a register was waited for
        self._came = 0  # bytes
        self._image_bytes = 0
        self._pending = 0  # bytes on the line that are not answered themselves
        self.counters = Counters()
        self.board = self._open()

    @property
    def transport(self) -> Transport:
        """The line."""
        return self._transport

    def _open(self) -> Board:
        """Forget all images on the board, and ask what it is."""
        control = _REGISTERS["CONTROL"]
        self._transport.write(FLAG)
        self._ask(_WRITE, control.word, control.pack(run=1, reset=1).to_bytes(4, "little"))
        identity = self.read("ID")
        if identity != IDENTITY:
            raise LinkError(f"the board says it is {identity:#010x}, which is no accelerator")
        version = self.read("VERSION") >> 16
        if version != VERSION >> 16:
            raise LinkError(
                f"the board has registers of version {version}, not {VERSION >> 16}; build its "
                f"bitstream again, or install the version of Threefold that built it"
            )
        form = _REGISTERS["FORMAT"].unpack(self.read("FORMAT"))
        if form["loadable"]:
            self._digest = None
        digest = self._check_digest()
        board = Board(
            digest=digest,
            inputs=self.read("INPUTS"),
            outputs=self.read("OUTPUTS"),
            input_bits=form["input_bits"],
            element_bytes=-(-form["output_bits"] // 8),
            signed=bool(form["output_signed"]),
            gives_class=bool(form["output_is_class"]),
            classes=self.read("CLASSES"),
            clock_hz=self.read("CLOCK"),
            window=self.read("WINDOW"),
            loadable=bool(form["loadable"]),
            narrower=form["narrower"],
            benchmark=bool(form["benchmark"]),
            batch=1 + form["batch"],
        )
        self._image_bytes = board.inputs + board.result_bytes
        return board

    def _check_digest(self) -> int:
        found = self.read("DIGEST")
        if self._digest not in (None, found):
            raise LinkError(
                f"the board has another network, {found:08x} instead of {self._digest:08x}; flash "
                f"the bitstream of this one, or name that one with --network"
            )
        return found

    def read(self, name: str) -> int:
        """Value of a register.

        Raises
        ------
        LinkError
            If the board does not answer.
        """
        return self._ask(_READ, _REGISTERS[name].word)

    def write(self, name: str, value: int) -> int:
        """Write a register; what it reads afterwards.

        Raises
        ------
        LinkError
            If the board does not answer.
        """
        return self._ask(_WRITE, _REGISTERS[name].word, value.to_bytes(4, "little"))

    @property
    def loaded(self) -> int | None:
        """CRC-32 of the program image on a loadable board; None if it has none.

        Raises
        ------
        LinkError
            If the board does not answer.
        """
        status = _REGISTERS["STATUS"].unpack(self.read("STATUS"))
        return self.read("LOADED") if status["loaded"] else None

    def load(self, image: bytes, progress: Callable[[int], None] | None = None) -> None:
        """Load a program image, in place of what the board has.

        What the line damages is loaded again. If the image is refused, or the line gives up, the
        board has no network until another image is loaded.

        Parameters
        ----------
        image : bytes
            As of :func:`~threefold.plan.image.image_of`.
        progress : callable, optional
            Told how many bytes the board has taken, again and again.

        Raises
        ------
        DataError
            If it is no program image, or damaged.
        LinkError
            If the board is not loadable, refuses the image, or does not answer.
        """
        crc, refusals = crc_of(image), 0
        if not self.board.loadable:
            raise LinkError(
                "the board's bitstream is not loadable: it has one network for good; plan with "
                "--loadable, then build and flash it again"
            )
        for _ in range(_TRIES):
            self._write_control(reset=1, load=1)
            is_right, is_refused = self.pour(image, lambda: self.read("REFUSED"), progress)
            self._write_control()
            if is_right and self.loaded == crc:
                return
            self.counters.lost += 1
            refusals += is_right and is_refused
            if refusals == _REFUSALS:
                raise LinkError(
                    "the board refuses the program image: it was made for other hardware; make it "
                    "from the plan that the bitstream was built from"
                )
        raise LinkError(
            f"the program image was damaged on the line {_TRIES} times; build with fewer --baud, "
            f"or try another cable"
        )

    def pour(
        self,
        content: bytes,
        refusals: Callable[[], int],
        progress: Callable[[int], None] | None = None,
    ) -> tuple[bool, bool]:
        """Send bytes in LOADs once, to what has been told to take them.

        Parameters
        ----------
        content : bytes
        refusals : callable
            Reads how much has been refused so far.
        progress : callable, optional
            Told how many bytes the board has taken, again and again.

        Returns
        -------
        is_right, is_refused : bool
            Whether all frames were right, and whether more has been refused than before.

        Raises
        ------
        LinkError
            If the board does not answer.
        """
        progress = progress or (lambda count: None)
        seq, faults, refused = self._flight.seq, self._faults(), refusals()
        frames = max(_FRAMES, len(content) // (_CHECKS * LOAD_BYTES))
        progress(0)
        for begin in range(0, len(content), frames * LOAD_BYTES):
            several = content[begin : begin + frames * LOAD_BYTES]
            for at in range(0, len(several), LOAD_BYTES):
                piece = several[at : at + LOAD_BYTES]
                self._send(_LOAD, seq, bytes([len(piece) - 1]) + piece)
            self._pending = 2 * len(several) + frames * _AROUND
            is_right = self._faults() == faults
            self._pending = 0
            is_refused = refusals() != refused
            if not is_right or is_refused:
                return is_right, is_refused
            progress(begin + len(several))
        return True, False

    def forget(self) -> None:
        """Forget all images on the board, and what of others has come.

        Raises
        ------
        LinkError
            If the board does not answer.
        """
        self._write_control(reset=1)

    def _faults(self) -> tuple[int, int]:
        return self.read("FRAMES_BAD"), self.read("OVERRUNS")

    def _write_control(self, **fields: int) -> None:
        self.write("CONTROL", _REGISTERS["CONTROL"].pack(run=1, **fields))

    def run(
        self, images: np.ndarray, widths: Sequence[int] | None = None
    ) -> Iterator[tuple[int, list[int]]]:
        """Results of images, as they come.

        Where the board works on batches, the last image is sent again until one is full.

        Parameters
        ----------
        images : array of int, shape (images, inputs)
            Input codes.
        widths : sequence of int, optional
            Width of the network at which each image is computed, numbered as in the plan; all at
            0, the whole network, if left out.

        Yields
        ------
        index : int
            Which image.
        result : list of int
            Output elements.

        Raises
        ------
        DataError
            If the board takes images of another size, or other codes, or lacks a width.
        LinkError
            If the board does not answer, has no network yet, or a memory that gives wrong words.
        """
        payloads = self.board.payloads(images, widths)
        count, batch = len(payloads), self.board.batch
        payloads += payloads[-1:] * (-count % batch)
        self._require_loaded()
        # Numbers count on, so that answers to images of a run that was left are none of these.
        self._flight = flight = Flight(len(payloads), seq=self._flight.seq)
        whole, answered, silent = len(payloads), 0, 0
        deadline = self._deadline()
        while answered < whole:
            # In silence some of those that are on their way were lost.
            while flight.waiting and flight.sent < self.board.window + silent * (batch > 1):
                seq, index = flight.send()
                self._send(_IMAGE, seq, payloads[index])
                self.counters.sent += 1
                deadline = self._deadline(1 << silent)
            answers = self._answers(flight, deadline)
            answered += sum(index < whole for index, _ in answers)
            yield from (each for each in answers if each[0] < count)
            if answers:
                silent, deadline = 0, self._deadline()
            elif self._transport.now() >= deadline:
                silent += 1
                self.counters.late += 1
                self._require_loaded()
                if silent > _TRIES:
                    raise LinkError("the board answers, but gives no results; reset it")
                idle = not _REGISTERS["STATUS"].unpack(self.read("STATUS"))["busy"]
                # Until this is answered there is time for a result that is ready.
                self._check_digest()
                answers = self._answers(flight, self._transport.now())
                answered += sum(index < whole for index, _ in answers)
                yield from (each for each in answers if each[0] < count)
                if idle:
                    self.counters.lost += flight.give_up()
                elif batch > 1 and silent > 1 and not flight.waiting:
                    # Images that were lost, or sent twice, are too few or too many for batches.
                    flight.add(len(payloads))
                    payloads.append(payloads[-1])
                deadline = self._deadline(1 << silent)

    def _require_loaded(self) -> None:
        if not self.board.loadable:
            return
        status = _REGISTERS["STATUS"].unpack(self.read("STATUS"))
        if status["wrong"]:
            raise LinkError(
                "the board's memory does not give back the program that was loaded; load it again "
                "with --load, or build for a lower clock"
            )
        if not status["loaded"]:
            raise LinkError("the board has no network yet; load one with --load")

    def _answers(self, flight: Flight, deadline: float) -> list[tuple[int, list[int]]]:
        """Images that are answered, and results; none if there is none until a time."""
        found = []
        for body in [*self._results, *self._receive(deadline)]:
            if body[0] != _RESULT or len(body) != 3 + self.board.result_bytes:
                self.counters.strange += 1
                continue
            index, lost = flight.answer(int.from_bytes(body[1:3], "little"))
            self.counters.lost += lost
            if index is None:
                self.counters.strange += 1
                continue
            self.counters.images += 1
            found.append((index, self.board.result(body[3:])))
        self._results.clear()
        return found

    def _ask(self, kind: int, word: int, value: bytes = b"") -> int:
        """Read or write a register, again and again until it is told."""
        self._came = 0
        for patience in range(1, _TRIES + 1):
            seq = self._random.getrandbits(16)
            self._send(kind, seq, bytes([word]) + value)
            expected = bytes([_VALUE]) + seq.to_bytes(2, "little") + bytes([word])
            deadline, told = self._deadline(patience), None
            while told is None and self._transport.now() < deadline:
                for body in self._receive(deadline):
                    if body[:4] == expected and len(body) == len(expected) + 4:
                        told = int.from_bytes(body[4:], "little")
                    elif body[0] == _RESULT and self._flight:
                        self._results.append(body)
                    else:
                        self.counters.strange += 1
            if told is not None:
                return told
            self.counters.lost += 1
        if self._came:
            raise LinkError(
                f"no answer, but {self._came:,} bytes that are no frames; was the bitstream built "
                f"for another --baud, or is it another port?"
            )
        raise LinkError(
            "the board does not answer; is it the right port, is the bitstream flashed, and was "
            "it built for this --baud?"
        )

    def _send(self, kind: int, seq: int, payload: bytes) -> None:
        self._transport.write(frame(bytes([kind]) + seq.to_bytes(2, "little") + payload))

    def _receive(self, deadline: float) -> list[bytes]:
        """Bodies of frames that have come; whatever comes first, until a time."""
        came = self._transport.read(max(0.0, deadline - self._transport.now()))
        self._came += len(came)
        bodies = []
        for body in self._deframer.feed(came):
            if not isinstance(body, Rejected):
                bodies.append(body)
            elif body.reason == ABORTED:
                self.counters.aborted += 1
            else:
                self.counters.bad += 1
        return bodies

    def _deadline(self, patience: int = 1) -> float:
        """When all that is on its way has been answered, if nothing of it is lost."""
        under_way = 2 * (self._flight.sent + 1) * (self._image_bytes + 2 * _AROUND)
        under_way += self._pending
        line = self._transport
        return line.now() + patience * (line.latency + under_way * line.byte_seconds)
