#!/usr/bin/env python3
"""Builds the wheel of a clean copy of the sources and checks that it works where nothing of the build is.

The copy is built as pip builds it, in isolation; then it is removed. Checked are
  the size without oneDNN, and that every library is in the wheel or on any machine (and named by no path of the builder);
  in a new virtual environment in another folder, with no compiler in sight: the snippet of README's "In Python" from its
  text, and the time of `import pcxx`.
--wheel checks a wheel that is there already, --out keeps the one that was built.
"""

import argparse
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
LARGEST = 15e6  # bytes without oneDNN, unpacked
ONEDNN = re.compile(r"pcxx/lib/libdnnl[.\w-]*$")
# What a Linux machine with Python has: the C library, the C++ runtime and the loader.
EVERYWHERE = re.compile(r"(lib(c|m|dl|rt|pthread|gcc_s|stdc\+\+)|ld-linux[\w-]*)\.so[.\d]*$")
# A shell, core utilities and the interpreter are in sight, compilers and build tools are not.
HIDDEN = ("cc", "c++", "gcc", "g++", "clang", "clang++", "cmake", "ninja", "make", "ld", "as")


class WheelError(Exception):
    """What is wrong with the wheel."""


def run(command, **options):
    """Runs a command to its end and returns what it printed; a failure carries its output."""
    result = subprocess.run([str(word) for word in command], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, check=False, **options)
    if result.returncode != 0:
        raise WheelError(f"'{' '.join(map(str, command))}' ended with status {result.returncode}:\n{result.stdout[-6000:]}")
    return result.stdout


def copy_sources(folder):
    """Copies what git tracks, as a fresh clone would have it, with what is changed here."""
    for name in filter(None, run(["git", "ls-files", "-z"], cwd=ROOT).split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def build(python, work):
    """Builds the wheel of a copy of the sources, removes the copy, and returns the wheel's path."""
    source = work / "source"
    copy_sources(source)
    run([python, "-m", "venv", work / "builder"])
    # Under one name for all builds a compiler cache knows again what it has compiled.
    environment = dict(os.environ, CCACHE_BASEDIR=str(work), CCACHE_NOHASHDIR="1")
    run([work / "builder/bin/pip", "wheel", "--no-deps", "--wheel-dir", work / "wheels", source], env=environment)
    shutil.rmtree(source)
    shutil.rmtree(work / "builder")
    return next((work / "wheels").glob("pcxx-*.whl"))


def dynamic_section(library):
    """Returns what a library needs and where it looks for it."""
    text = run(["readelf", "-d", library])
    needed = re.findall(r"\(NEEDED\).*\[(.+)\]", text)
    places = [place for places in re.findall(r"\((?:RUNPATH|RPATH)\).*\[(.*)\]", text) for place in places.split(":")]
    return needed, places


def check_content(wheel, work):
    """Checks size and libraries; returns a line about them."""
    content = work / "content"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(content)
        size = sum(info.file_size for info in archive.infolist() if not ONEDNN.search(info.filename))
        whole = sum(info.file_size for info in archive.infolist())
    if size > LARGEST:
        raise WheelError(f"{wheel.name} is {size / 1e6:.1f} MB without oneDNN; at most {LARGEST / 1e6:.0f} MB are wanted")
    libraries = [path for path in content.rglob("*") if re.search(r"\.so(\.|$)", path.name)]
    bundled = {path.name for path in libraries}
    for library in libraries:
        needed, places = dynamic_section(library)
        for name in needed:
            if name not in bundled and not EVERYWHERE.match(name):
                raise WheelError(f"{library.relative_to(content)} needs {name}, which the wheel does not have")
        for place in places:
            if not place.startswith("$ORIGIN"):
                raise WheelError(f"{library.relative_to(content)} looks for libraries in {place}; only $ORIGIN/... moves with it")
    for path in content.rglob("*"):
        if path.is_file() and bytes(work / "source") in path.read_bytes():
            raise WheelError(f"{path.relative_to(content)} names {work / 'source'}, where it was built")
    return f"{size / 1e6:.1f} MB without oneDNN, {whole / 1e6:.1f} MB with it, packed {wheel.stat().st_size / 1e6:.1f} MB; " \
           f"libraries: {', '.join(sorted(bundled))}"


def snippet():
    """Returns the program of README's section on Python."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("\n## In Python\n")[1].split("\n## ")[0]
    return re.search(r"```python\n(.*?)```", section, re.DOTALL).group(1)


def tools_without_compilers(folder):
    """Makes a folder of links to the programs of PATH, compilers and build tools excepted, and returns it."""
    folder.mkdir()
    for place in reversed(os.environ["PATH"].split(":")):
        for program in pathlib.Path(place).glob("*"):
            link = folder / program.name
            if not re.fullmatch(rf"([\w.]+-)*({'|'.join(map(re.escape, HIDDEN))})(-[\d.]+)?", program.name):
                link.unlink(missing_ok=True)
                link.symlink_to(program)
    return folder


def check_use(python, wheel, work):
    """Installs the wheel elsewhere, runs README's snippet there, and returns a line about it."""
    elsewhere = work / "elsewhere"
    elsewhere.mkdir()
    moved = shutil.copy2(wheel, elsewhere)
    environment = {"PATH": str(tools_without_compilers(work / "tools")), "HOME": str(elsewhere), "LANG": "C.UTF-8",
                   **{name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}}
    if shutil.which("c++", path=environment["PATH"]):
        raise WheelError("a compiler is in sight; the check would prove nothing")
    options = {"cwd": elsewhere, "env": environment}
    run([python, "-m", "venv", "venv"], **options)
    run(["venv/bin/pip", "install", moved], **options)
    interpreter = elsewhere / "venv/bin/python"
    (elsewhere / "snippet.py").write_text(snippet(), encoding="utf-8")
    output = run([interpreter, "snippet.py"], **options)
    accuracy = re.search(r"test accuracy ([\d.]+)", output)
    if not accuracy or float(accuracy.group(1)) < 0.9:
        raise WheelError(f"README's Python snippet should end with an accuracy over 0.9, but printed:\n{output}")
    times = [import_time(interpreter, options) for _ in range(11)][1:]
    return f"README's snippet: accuracy {accuracy.group(1)}; import pcxx: {statistics.median(times):.3f} s (median of 10)"


def import_time(interpreter, options):
    """Returns the seconds that `import pcxx` takes, NumPy included."""
    text = run([interpreter, "-X", "importtime", "-c", "import pcxx"], **options)
    return float(re.search(r"(\d+) \| +pcxx$", text, re.MULTILINE).group(1)) / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable, help="interpreter to build for and to run with")
    parser.add_argument("--wheel", type=pathlib.Path, help="check this wheel instead of building one")
    parser.add_argument("--out", type=pathlib.Path, help="folder to keep the wheel in")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pcxx-wheel-") as folder:
        work = pathlib.Path(folder)
        try:
            wheel = arguments.wheel or build(arguments.python, work)
            print(f"{wheel.name}: {check_content(wheel, work)}")
            print(check_use(arguments.python, wheel, work))
            if arguments.out:
                arguments.out.mkdir(parents=True, exist_ok=True)
                print(f"wheel: {shutil.copy2(wheel, arguments.out)}")
        except WheelError as error:
            print(f"[check_wheel] {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
