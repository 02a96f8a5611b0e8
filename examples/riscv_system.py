"""System of a RISC-V processor and an accelerator: bare-metal C classifies images in simulation.

    threefold train --preset digits -o out/digits
    threefold build out/digits/network.tern --target generic --bus wishbone -o out/digits
    pip install pythondata-cpu-picorv32
    apt install gcc-riscv64-unknown-elf
    python examples/riscv_system.py out/digits

compiles ``riscv/main.c`` with the driver, puts it into the memory of a PicoRV32 with the
accelerator on its Wishbone bus (``riscv/system.v``), and runs that in Verilator on images of
``test.npz``. The classes have to be those of the golden model.
"""

import argparse
import shutil
import subprocess
from pathlib import Path

import numpy as np

from threefold import Project
from threefold.data import load_images
from threefold.sim import golden
from threefold.tools.toolchain import run

SOURCES = Path(__file__).with_name("riscv")
COMPILER = "riscv64-unknown-elf-gcc"
FLAGS = ["-march=rv32i", "-mabi=ilp32", "-O2", "-ffreestanding", "-nostdlib"]
FLAGS += ["-fno-tree-loop-distribute-patterns", "-Wl,--no-warn-rwx-segments"]
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Werror"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="of the network, its test.npz, and the core")
    parser.add_argument("--images", type=int, default=20, help="how many images (default 20)")
    arguments = parser.parse_args()
    project = Project.open(arguments.folder)
    images = load_images(project.products.images)[0][: arguments.images]
    folder = project.folder / "riscv"
    folder.mkdir(exist_ok=True)
    write_images(project, images, folder)
    compile_program(project, folder)
    report(project, images, simulate(project, folder))


def write_images(project: Project, images: np.ndarray, folder: Path) -> None:
    """Write ``images.h``: input codes, and the macros of the network."""
    prefix = project.name.upper()
    codes = images.reshape(len(images), -1).tolist()
    rows = ",\n".join(f"{{{', '.join(map(str, image))}}}" for image in codes)
    (folder / "images.h").write_text(
        f'#include "{project.name}.h"\n'
        f"#define NETWORK {prefix}_NETWORK\n"
        f"#define IMAGES {len(images)}\n"
        f"static const uint8_t images[IMAGES][{prefix}_INPUTS] __attribute__((aligned(4))) = "
        f"{{\n{rows}\n}};\n"
    )


def compile_program(project: Project, folder: Path) -> None:
    """Compile the program and the driver into ``firmware.hex``, a word a line."""
    if not shutil.which(COMPILER):
        raise SystemExit(f"{COMPILER} is missing: apt install gcc-riscv64-unknown-elf")
    driver = project.products.driver
    sources = [SOURCES / name for name in ("start.S", "main.c", "memory.c")]
    sources += [driver / "threefold.c", driver / "threefold_bus.c"]
    include = [f"-I{folder}", f"-I{driver}", f"-I{project.products.header.parent}"]
    linked = ["-T", SOURCES / "sections.ld", "-o", folder / "firmware.elf", "-lgcc"]
    subprocess.run([COMPILER, *FLAGS, *STRICT, *include, *sources, *linked], check=True)
    objcopy = COMPILER.replace("gcc", "objcopy")
    binary = folder / "firmware.bin"
    subprocess.run([objcopy, "-O", "binary", folder / "firmware.elf", binary], check=True)
    words = np.frombuffer(binary.read_bytes(), "<u4")
    (folder / "firmware.hex").write_text("".join(f"{word:08x}\n" for word in words))


def simulate(project: Project, folder: Path) -> list[int]:
    """Compile the system with Verilator, and run it; the numbers that it prints."""
    try:
        import pythondata_cpu_picorv32 as picorv32
    except ImportError:
        raise SystemExit("PicoRV32 is missing: pip install pythondata-cpu-picorv32") from None
    core = project.products.core_of("wishbone").rtl
    if not core.is_file():
        raise SystemExit(f"{core} is missing; build with --target generic --bus wishbone")
    cpu = Path(picorv32.data_location) / "picorv32.v"
    options = ["--binary", "-Wno-fatal", "-Wno-lint", "-Wno-style", "-O3", "--Mdir", "verilated"]
    # The packaged Verilator knows neither the flag of coroutines nor that of its own header.
    options += ["-CFLAGS", "-std=c++20", "-MAKEFLAGS", "CFG_CXXFLAGS_PCH_I=-include"]
    options += [f"-DACCELERATOR={core.stem}", "--top-module", "system", "--timescale", "1ns/1ns"]
    sources = [SOURCES / "system.v", core.resolve(), cpu]
    run("verilator", [*options, *map(str, sources)], cwd=folder, calls=("perl", "g++", "make"))
    done = subprocess.run(
        ["verilated/Vsystem"], cwd=folder, stdout=subprocess.PIPE, text=True, check=True
    )
    return [int(line) for line in done.stdout.splitlines() if line.isdecimal()]


def report(project: Project, images: np.ndarray, numbers: list[int]) -> None:
    """Compare classes with the golden model's, and print the cycles."""
    count = len(images)
    if len(numbers) != 3 * count + 4 or numbers[-1]:
        raise SystemExit(f"the program has ended with {numbers[-1:]}, an error of threefold.h")
    expected = golden.run(project.network, images).ravel()
    each, latency = np.reshape(numbers[: 2 * count], (-1, 2)), numbers[2 * count]
    together, found, interval = numbers[2 * count + 1], numbers[2 * count + 2 : -2], numbers[-2]
    if not np.array_equal(each[:, 0], expected) or not np.array_equal(found, expected):
        raise SystemExit("the classes are not those of the golden model")
    print(f"{count} images have the classes of the golden model")
    most = each[:, 1].max()
    print(f"one by one: {most:,} cycles of the processor, {latency:,} in the accelerator")
    print(f"overlapped: {together / count:,.0f} cycles an image, {interval:,} at the end")


if __name__ == "__main__":
    main()
