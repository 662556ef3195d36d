#!/usr/bin/env python3
"""Lint as a test: rules of this house that no compiler knows. Each prints what it found and where."""

import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FLOORS = ["core", "evm", "storage", "net", "consensus", "rpc", "node"]
MOST_LINES = 700
MOST_FUNCTION_LINES = 70
CODE = (".cpp", ".hpp", ".inc")
TEXT = CODE + (".md", ".py", ".txt", ".cmake", ".json", ".js", ".mjs", "")


def tracked():
    """Tracked files and new ones that are not ignored, so that the rule speaks before the commit."""
    out = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    if out.returncode == 0:
        names = out.stdout.splitlines()
    else:
        # An unpacked archive has no git folder: take what lies there.
        names = []
        for folder, folders, files in os.walk(ROOT):
            folders[:] = [f for f in folders if f not in ("build", "node_modules", ".cache")]
            names += [os.path.relpath(os.path.join(folder, f), ROOT) for f in files]
    return sorted(n for n in names if os.path.isfile(os.path.join(ROOT, n)))


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8", errors="replace") as file:
        return file.read()


FILES = tracked()
SOURCES = [n for n in FILES if n.endswith(CODE) and n.startswith(("src/", "tests/", "bench/"))]


def no_upward_includes():
    """A file names what it includes by floor, never by a path through its parents."""
    for name in SOURCES:
        for number, line in enumerate(read(name).splitlines(), 1):
            if re.match(r'\s*#\s*include\s*["<]\.\.?/', line):
                yield f"{name}:{number}: {line.strip()}"


def only_lower_floors():
    """The include roots forbid it in CMake; this says it by name, and for headers nobody compiles yet."""
    allowed = {
        "core": {"core"},
        "storage": {"core", "storage"},
        "evm": {"core", "evm"},
        "net": {"core", "net"},
        "consensus": {"core", "evm", "storage", "consensus"},
        "rpc": {"core", "evm", "storage", "net", "consensus", "rpc"},
        "node": set(FLOORS),
    }
    for name in SOURCES:
        parts = name.split("/")
        if parts[0] != "src" or parts[1] not in allowed:
            continue
        for number, line in enumerate(read(name).splitlines(), 1):
            found = re.match(r'\s*#\s*include\s*"(\w+)/', line)
            if found and found[1] in FLOORS and found[1] not in allowed[parts[1]]:
                yield f"{name}:{number}: {parts[1]} may not include {found[1]}"


def files_are_short():
    """A file is read in one go."""
    for name in SOURCES:
        lines = read(name).count("\n")
        if lines > MOST_LINES:
            yield f"{name}: {lines} lines, most is {MOST_LINES}"


def functions_are_short():
    """A function body (a brace at a definition's end to its closing brace at the same indent) fits a screen."""
    opening = re.compile(r"^( *)(?!namespace|struct|class|union|enum|extern|const|static const|inline const)\S.*\)[^;]*\{$")
    for name in SOURCES:
        if not name.startswith("src/"):
            continue
        lines = read(name).splitlines()
        for start, line in enumerate(lines):
            found = opening.match(line)
            if not found or len(found[1]) > 2:
                continue
            closing = found[1] + "}"
            for end in range(start + 1, len(lines)):
                if lines[end].startswith(closing):
                    if end - start + 1 > MOST_FUNCTION_LINES:
                        yield f"{name}:{start + 1}: a function of {end - start + 1} lines, most is {MOST_FUNCTION_LINES}"
                    break


def headers_are_guarded_and_explained():
    """A header says what it is for."""
    for name in SOURCES:
        if name.startswith("src/") and name.endswith(".hpp"):
            text = read(name)
            if not text.startswith("#pragma once\n"):
                yield f"{name}: does not begin with #pragma once"
            if "/// \\file" not in text:
                yield f"{name}: no /// \\file comment"


def stray_words():
    """Marks that a line is not finished, and leftovers of debugging."""
    marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X:", "<<<" + "<<<<", ">>>" + ">>>>"]
    for name in FILES:
        if os.path.splitext(name)[1] not in TEXT:
            continue
        for number, line in enumerate(read(name).splitlines(), 1):
            for mark in marks:
                if mark in line:
                    yield f"{name}:{number}: {line.strip()[:100]}"


def lines_fit():
    """Code keeps to the column limit of .clang-format; long strings and links may pass it a little."""
    for name in SOURCES:
        for number, line in enumerate(read(name).splitlines(), 1):
            bare = re.sub(r'R"\(.*?\)"|"(?:[^"\\]|\\.)*"', '""', line)  # a long value may stand in one piece
            if len(bare) > 160 or "\t" in bare:
                yield f"{name}:{number}: {len(line)} columns or a tab"


def no_using_namespace_in_headers():
    """A header does not empty a namespace into who includes it; literal suffixes aside."""
    for name in SOURCES:
        if name.startswith("src/") and name.endswith(".hpp") and re.search(r"^using namespace (?!std::\w*literals)", read(name), re.M):
            yield f"{name}: using namespace in a header"


def dependencies_are_explained():
    """docs/dependencies.md has a line for each library that the build asks for."""
    text = read("docs/dependencies.md") if "docs/dependencies.md" in FILES else ""
    for line in read("cmake/dependencies.cmake").splitlines():
        found = re.match(r"quarry_dependency\(\w+ (.*)\)", line)
        names = found[1].split() if found else []
        package = re.match(r"find_package\((\w+)", line)
        if package and package[1] not in ("PkgConfig", "Threads"):
            names = [package[1]]
        for name in names:
            if name in ("PKG", "LIBS") or name.startswith("Threads"):
                continue
            library = name.split("::")[0]
            if not re.search(rf"`{re.escape(library)}`", text):
                yield f"docs/dependencies.md: no line for `{library}` of cmake/dependencies.cmake"


def scripts_are_sound():
    """Shell scripts parse."""
    for name in FILES:
        path = os.path.join(ROOT, name)
        with open(path, "rb") as file:
            first = file.readline()
        if first.startswith(b"#!") and b"bash" in first:
            done = subprocess.run(["bash", "-n", path], capture_output=True, text=True)
            if done.returncode != 0:
                yield f"{name}: {done.stderr.strip()}"
            if not os.access(path, os.X_OK):
                yield f"{name}: a script that is not executable"


RULES = [
    no_upward_includes,
    only_lower_floors,
    files_are_short,
    functions_are_short,
    headers_are_guarded_and_explained,
    stray_words,
    lines_fit,
    no_using_namespace_in_headers,
    dependencies_are_explained,
    scripts_are_sound,
]


def main():
    passed = failed = 0
    for rule in RULES:
        found = list(rule())
        if found:
            failed += 1
            print(f"[ FAIL ] {rule.__name__}: {(rule.__doc__ or '').strip()}")
            for line in found[:30]:
                print(f"         {line}")
        else:
            passed += 1
            print(f"[  OK  ] {rule.__name__}")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
