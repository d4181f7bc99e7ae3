#!/usr/bin/env python3
"""Prints what building costs: the first command from nothing, the dearest files, and an edit of one file of each room.

    tests/bench/build_times.py                       # 10 minutes on a quiet machine with two cores
    tests/bench/build_times.py --preset dev          # as a developer builds
    tests/bench/build_times.py --rooms pool dns      # edits in these rooms only
    tests/bench/build_times.py --rooms               # no edit

It builds a copy of the tree without ccache. CPU seconds count, because a busy machine falsifies the time of the wall; an
edit is one compiler and one linker after another, so on a quiet machine it takes about its CPU seconds. It exits with 1 if
a bar is missed: 150 s for the first command on two cores, and 15 s for an edit.
"""
import argparse
import collections
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORES, FIRST_BAR, EDIT_BAR = 2, 150, 15
# `times` of a shell tells what its children took, without another program.
LAUNCHER = """#!/bin/sh
"$@"
code=$?
times >"{log}/$$.times"
echo "$*" >"{log}/$$.command"
exit $code
"""


def copy_of_tree(to):
    files = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], capture_output=True, check=True).stdout.decode().split("\0")
    for name in filter(None, files):
        if not (ROOT / name).exists():
            continue  # removed, and not committed yet
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, to / name, follow_symlinks=False)


def measured(words, where):
    """(CPU seconds, seconds of the wall) of a command that must succeed."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(words, cwd=where, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))} failed:\n{done.stdout[-4000:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def seconds(text):
    minutes, rest = text.rstrip("s").split("m")
    return 60 * int(minutes) + float(rest)


def dearest(log, count):
    """[(CPU seconds, source file)] of the compilers' runs, the dearest first."""
    runs = []
    for times in log.glob("*.times"):
        words = times.with_suffix(".command").read_text().split()
        source = next((word for word in words if word.endswith((".cpp", ".hpp.cxx", ".cxx"))), None)
        if source:
            runs.append((sum(map(seconds, times.read_text().splitlines()[1].split())), source))
    return sorted(runs, reverse=True)[:count]


def largest_of_rooms(tree):
    """The largest .cpp of each folder of src/: {room: path}. A room within a folder counts by itself."""
    rooms = collections.defaultdict(list)
    for path in (tree / "src").rglob("*.cpp"):
        if not path.stem.endswith(("_portable", "_absent")):  # not built here
            rooms[str(path.parent.relative_to(tree / "src"))].append(path)
    return {room: max(paths, key=lambda path: path.stat().st_size) for room, paths in sorted(rooms.items())}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="release")
    parser.add_argument("--rooms", nargs="*", help="all, unless named")
    parser.add_argument("--files", type=int, default=10, help="how many of the dearest files to list")
    parser.add_argument("--jobs", type=int, default=CORES)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tacet-build-") as folder:
        return measure(pathlib.Path(folder), given)


def measure(folder, given):
    tree, log, launcher = folder / "tree", folder / "log", folder / "launcher"
    log.mkdir()
    launcher.write_text(LAUNCHER.format(log=log))
    launcher.chmod(0o755)
    copy_of_tree(tree)
    build = ["cmake", "--build", "--preset", given.preset, "--target", "tacet", "-j", str(given.jobs)]
    configured = measured(["cmake", "--preset", given.preset, "-DTACET_TESTS=OFF", "-DTACET_BENCH=OFF", f"-DCMAKE_CXX_COMPILER_LAUNCHER={launcher}"], tree)
    built = measured(build, tree)
    first = (configured[0] + built[0]) / CORES
    missed = first > FIRST_BAR
    print(f"first command: {configured[0] + built[0]:.0f} CPU s, so {first:.0f} s on {CORES} quiet cores (bar {FIRST_BAR} s); {configured[1] + built[1]:.0f} s of the wall here")
    for cost, source in dearest(log, given.files):
        print(f"  {cost:5.1f} CPU s  {pathlib.Path(source).resolve().relative_to(tree.resolve())}")
    for room, path in largest_of_rooms(tree).items():
        if given.rooms is not None and room not in given.rooms:
            continue
        with path.open("a") as file:
            file.write("\n// edited\n")
        cpu, wall = measured(build, tree)
        missed |= cpu > EDIT_BAR
        print(f"edit {path.relative_to(tree / 'src')}: {cpu:.1f} CPU s (bar {EDIT_BAR} s); {wall:.0f} s of the wall here", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
