#!/usr/bin/python3
"""Checks the rules of this repository that no compiler knows. Runs as a part of ./test; its tests are tidy_test.py.

usage: tools/tidy.py [--only NAME,...] [--results FILE] [--lint-all]

Each finding is one line, `tidy: path:line: why, use X`, and the exit code is then 1. The checks are the functions in
CHECKS; each takes the repository and yields findings. --results appends `ok NAME` or `FAIL NAME` for each check.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Iterator, NamedTuple

# A room or sub-room (wire/json) may include only itself and these. Dependencies point up this table, never down.
ROOMS = {
    "base": [],
    "model": ["base"],
    "wire/json": ["base"],
    "wire/docker": ["base", "model", "wire/json"],
    "wire/mesos": ["base", "model", "wire/json"],
    "wire/marathon": ["base", "model", "wire/json"],
    "wire/record": ["base"],
    "container": ["base", "model", "wire/json"],
    "core": ["base"],
    "scheduler": ["base", "model", "core"],
    "engine": ["base", "model", "core"],
    "fleet": ["base", "model", "core", "engine"],
    "executor": ["base", "model", "core"],
    "store": ["base"],
    "io": ["base"],
    "io/http": ["base", "io"],
    "io/process": ["base", "model", "io"],
    "io/fetcher": ["base", "io"],
    "link": ["base", "model", "wire/mesos", "io", "io/http"],
    "agent": ["base", "model", "engine", "io", "io/process", "io/fetcher"],
    "node": ["base", "core", "container", "wire/mesos", "wire/marathon", "wire/record", "scheduler", "engine"]
    + ["fleet", "store", "io", "io/http", "io/process", "link", "agent"],
    "docker": ["base", "model", "wire/docker", "io", "io/http", "io/process"],
    "api": ["base", "wire/json", "io/http"],
    "api/marathon": ["base", "wire/marathon", "scheduler", "io/http", "node", "api"],
    "api/mesos/views": ["base", "model", "wire/json", "wire/mesos", "engine", "io", "io/http", "node"],
    "api/mesos": ["base", "model", "wire/json", "fleet", "io", "io/http", "node", "api", "api/mesos/views"],
    "cli": ["base", "io", "io/http"],
    "windlass": ["base", "model", "io", "io/http", "agent", "node", "api", "api/marathon"]
    + ["api/mesos", "cli"],
    "windlass_executor": ["base", "model", "core", "wire/mesos", "executor", "container", "io", "io/process", "link"]
    + ["docker"],
    "sim": ["base", "model", "container", "core", "scheduler", "engine", "executor"],
}
EVERYTHING = list(ROOMS)  # for tests and bench
# What only the tests of a room include besides.
TEST_ROOMS = {
    "container": ["wire/docker", "wire/mesos"],
    "wire/record": ["model", "node", "wire/mesos"],
    "windlass": ["scheduler", "engine"],
    "api": ["io"],
    "api/marathon": ["io"],
    "api/mesos": ["engine", "wire/mesos"],
}

# The rooms that wait for things.
SHELLS = {"io", "link", "agent", "node", "docker", "api", "cli", "windlass", "windlass_executor"}
# Libraries that only some rooms may see: prefix of the include, rooms (with their sub-rooms), why.
LIBRARIES = [
    (r"boost/(asio|beast)", SHELLS | {"tests", "bench"}, "Asio and Beast live in io and below it"),
    (r"sqlite3", {"store"}, "only store sees SQLite"),
    (r"(curl/|archive)", {"io/fetcher"}, "only io/fetcher sees libcurl and libarchive"),
    (r"(google/protobuf/|.*\.pb\.h$)", {"wire/mesos", "tests"}, "only wire/mesos sees it; use the values of model"),
    (r"boost/json", {"wire", "container", "api", "cli", "sim", "tests", "bench"}, "JSON belongs to wire"),
    (r"(spdlog|CLI/|fmt/)", SHELLS | {"sim", "tests", "bench"}, "cores neither log nor read flags"),
    (r"openssl/", {"io", "api", "wire", "tests"}, "TLS and hashes belong to io, api, wire"),
    (r"boost/uuid", set(), "use Uuid::random(in.prng)"),
]

CORES = {"core", "scheduler", "executor", "engine", "fleet"}
PURE = CORES | {"base", "model", "wire", "container", "sim"}
FUNCTION_LINES_MAX = 70
LINE_COLUMNS_MAX = 120
FILE_BYTES_MAX = 1 << 20


class Finding(NamedTuple):
    path: str
    line: int
    why: str

    def __str__(self):
        return f"tidy: {self.path}:{self.line}: {self.why}"


class Source(NamedTuple):
    """A C++ file: its text, and its code, which is the text with comments and literals blanked, lines kept."""

    path: str
    text: str
    code: str

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1


class Repo:
    def __init__(self, root, paths=None):
        self.root = Path(root)
        self.paths = sorted(paths if paths is not None else list_files(self.root))
        self._sources = None

    def text(self, path):
        return (self.root / path).read_bytes().decode("utf-8", "replace")

    def sources(self):
        if self._sources is None:
            chosen = [path for path in self.paths if path.endswith((".cpp", ".hpp"))]
            texts = ((path, self.text(path)) for path in chosen)
            self._sources = [Source(path, text, blank_out(text)) for path, text in texts]
        return self._sources


def list_files(root):
    """What git tracks or would track; where there is no git, every file outside of build/."""
    try:
        command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        out = subprocess.run(command, capture_output=True, check=True).stdout.decode()
        names = [name for name in out.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        names = [str(path.relative_to(root)) for path in Path(root).rglob("*")]
        names = [name for name in names if name.split("/")[0] not in ("build", ".git") and "__pycache__" not in name]
    return [name for name in names if (Path(root) / name).is_file()]


LITERALS = re.compile(
    r"""//[^\n]* | /\*.*?\*/ | R"(?P<tag>[^\s()\\]{0,16})\(.*?\)(?P=tag)"
      | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])+' """,
    re.S | re.X,
)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.M)


def blank_out(text):
    def blank(match):
        found = match.group()
        if found.startswith("'") and match.start() and text[match.start() - 1].isalnum():
            return found  # a digit separator: 1'000'000
        if found.startswith("/"):
            return re.sub(r"[^\n]", " ", found)
        return '"' + re.sub(r"[^\n]", " ", found[1:-1]) + '"'

    return LITERALS.sub(blank, text)


def room_of(path):
    """src/wire/json/text.cpp is of wire/json; src/api/routes.cpp of api; bench/placements.cpp of bench."""
    parts = path.split("/")
    if parts[0] != "src" or len(parts) < 3:
        return parts[0]
    folder = "/".join(parts[1:-1])
    return folder if folder in ROOMS else parts[1]


def is_in(room, rooms):
    return room in rooms or room.split("/")[0] in rooms


def is_test(path):
    return path.startswith("tests/") or re.search(r"_(test|testing)\.cpp$|_testing\.hpp$", path) is not None


def closing(code, start, pair="()"):
    """The offset of the bracket that closes the one at `start`; the end of the code where it is missing."""
    depth = 0
    for at in range(start, len(code)):
        if code[at] == pair[0]:
            depth += 1
        elif code[at] == pair[1]:
            depth -= 1
            if depth == 0:
                return at
    return len(code)


# --- rooms -----------------------------------------------------------------------------------------------------------


def check_includes(repo):
    """A room includes only the rooms above it, and libraries only where they belong."""
    known = set(repo.paths)
    for source in repo.sources():
        room = room_of(source.path)
        allowed = ROOMS.get(room, EVERYTHING) + (TEST_ROOMS.get(room, []) if is_test(source.path) else [])
        for match in INCLUDE.finditer(source.text):
            line, target = source.line_of(match.start()), match.group(2)
            yield from library_findings(source, room, line, target)
            if match.group(1) == "<" or target.endswith(".pb.h"):
                continue
            path = target if f"src/{target}" not in known else f"src/{target}"
            if path not in known:
                yield Finding(source.path, line, f'"{target}" does not exist, use the path from src/ or from the root')
            elif room_of(path) != room and room_of(path) not in allowed:
                why = f"{room} must not include {room_of(path)}, use {', '.join(allowed) or 'std'} only"
                yield Finding(source.path, line, why)


def library_findings(source, room, line, target):
    for pattern, rooms, why in LIBRARIES:
        if re.match(pattern, target) and not is_in(room, rooms):
            yield Finding(source.path, line, f"<{target}> is banned here: {why}")


def check_private_headers(repo):
    """A header of wire/mesos that shows generated protobuf is included only by .cpp files of wire."""
    with_protobuf = {
        source.path.removeprefix("src/")
        for source in repo.sources()
        if source.path.endswith(".hpp") and re.search(r'#include [<"]\S+\.pb\.h[>"]', source.text)
    }
    for source in repo.sources():
        for match in INCLUDE.finditer(source.text):
            inside = room_of(source.path) == "wire/mesos" and source.path.endswith(".cpp")
            if match.group(2) in with_protobuf and not inside:
                why = f'"{match.group(2)}" shows generated protobuf, use it in .cpp files of wire/mesos only'
                yield Finding(source.path, source.line_of(match.start()), why)


def check_headers(repo):
    """Headers begin with #pragma once and pull nothing into the global namespace."""
    for source in repo.sources():
        if not source.path.endswith(".hpp"):
            continue
        if not source.code.lstrip().startswith("#pragma once"):
            yield Finding(source.path, 1, "a header begins with its guard, use #pragma once")
        for match in re.finditer(r"^using namespace ", source.code, re.M):
            yield Finding(source.path, source.line_of(match.start()), "using namespace in a header, name what you use")


# --- claims ----------------------------------------------------------------------------------------------------------

# What shows that a library is used: the include.
HEADERS = {
    "Boost::headers": r"boost/",
    "Boost::json": r"boost/json",
    "CURL::libcurl": r"curl/",
    "LibArchive::LibArchive": r"archive",
    "SQLite::SQLite3": r"sqlite3",
    "Threads::Threads": r"(thread|mutex|condition_variable)$",
    "windlass_proto": r".*\.pb\.h$",
}
# The same for the names in docs/DEPENDENCIES.md.
LIBRARY_NAMES = {
    "Asio": r"boost/asio",
    "Beast": r"boost/beast",
    "JSON": r"boost/json",
    "URL": r"boost/url",
    "Regex": r"boost/regex",
    "Describe": r"boost/describe",
    "System": r"boost/system",
    "protobuf": r"(google/protobuf/|.*\.pb\.h$)",
    "SQLite": r"sqlite3",
    "libcurl": r"curl/",
    "libarchive": r"archive",
    "zlib": r"zlib\.h",
}
# What shows that a package is used, where that is not its name: the words of a file that needs it.
PACKAGE_WORDS = {
    "g++": r"\bg\+\+(?!\w)|\bgcc\b",
    "ninja-build": r"Ninja",
    "libboost1.81-dev": r"<boost/asio",
    "libboost-json1.81-dev": r"<boost/json",
    "libprotobuf-dev": r"<google/protobuf/",
    "protobuf-compiler": r"\bprotoc\b",
    "libsqlite3-dev": r"<sqlite3\.h>",
    "libcurl4-openssl-dev": r"<curl/",
    "libarchive-dev": r"<archive\.h>",
    "zlib1g-dev": r"<zlib\.h>",
    "libgtest-dev": r"<gtest/",
    "docker.io": r"\bdockerd\b",
    "iproute2": r"""\bip (-|addr|route)|["']ip["'],""",
    "ca-certificates": r"Docker Hub",
    "httpie": r"\bhttp (GET|POST|localhost|:)|httpie",
    "redis-tools": r"redis-server",
    "python3-pytest-xdist": r"--dist loadfile",
    "python3-requests": r"\bimport requests\b",
    "python3-protobuf": r"\bgoogle\.protobuf\b|_pb2\b",
    "python3-pytest": r"-m pytest|import pytest",
    "clang-16": r"clang\+\+-16",
    "llvm-16": r"-fsanitize=",
    "libclang-rt-16-dev": r"-fsanitize=",
}
CLAIMING = {"tools/packages", "tools/tidy.py", "tools/tidy_test.py"}


def check_claims(repo):
    """What a list says is used, a file uses: edges between rooms, packages, libraries."""
    uses = includes_by_room(repo)
    if "tools/tidy.py" in repo.paths:
        yield from edge_claims(repo, uses)
    for path in repo.paths:
        if path.split("/")[-1] == "CMakeLists.txt":
            yield from target_claims(repo, path, uses)
    if "tools/packages" in repo.paths:
        yield from package_claims(repo)
    if "docs/DEPENDENCIES.md" in repo.paths:
        yield from dependency_claims(repo, uses)


def includes_by_room(repo):
    """room -> {(what it includes, whether a test does)}; files of this repository by the room that they are of."""
    known, uses = set(repo.paths), {}
    for source in repo.sources():
        for match in INCLUDE.finditer(source.text):
            path = match.group(2) if f"src/{match.group(2)}" not in known else f"src/{match.group(2)}"
            what = "room " + room_of(path) if path in known else match.group(2)
            uses.setdefault(room_of(source.path), set()).add((what, is_test(source.path)))
    return uses


def edge_claims(repo, uses):
    lines = repo.text("tools/tidy.py").split("\n")
    for table, among, tests in (("ROOMS", ROOMS, False), ("TEST_ROOMS", TEST_ROOMS, True)):
        start = lines.index(f"{table} = {{")
        for room, others in among.items():
            line = next(at for at in range(start, len(lines)) if lines[at].startswith(f'    "{room}": ')) + 1
            for other in others:
                if ("room " + other, tests) not in uses.get(room, set()):
                    what = f"no {'test' if tests else 'file'} of {room} includes {other}"
                    yield Finding("tools/tidy.py", line, f"{what}, take the edge out of {table}")


def target_claims(repo, path, uses):
    """Each library that a room links is included there, and each that is searched for is linked."""
    text = re.sub(r"#[^\n]*", "", repo.text(path))
    by_target = {room.replace("/", "_"): room for room in ROOMS}
    for match in re.finditer(r"windlass_room\((\S+)([^)]*)\)", text):
        folder = re.search(r"DIR (?:src/)?(\S+)", match.group(2))
        room = folder.group(1) if folder else match.group(1)
        linked = re.search(r"\bDEPENDS ([^)]*)", match.group(2))
        for target in re.split(r"\s+", linked.group(1).strip()) if linked else []:
            pattern = re.escape("room " + by_target[target]) + "$" if target in by_target else HEADERS.get(target)
            if target == "TEST_DEPENDS" or by_target.get(target) == room:
                continue
            if pattern is None or not any(re.match(pattern, what) for what, _ in uses.get(room, set())):
                why = f"{room} links {target} and includes nothing of it, take it out"
                yield Finding(path, text.count("\n", 0, match.start()) + 1, why)
    all_cmake = "\n".join(repo.text(each) for each in repo.paths if each.endswith(("CMakeLists.txt", ".cmake")))
    for match in re.finditer(r"find_package\((\w+)([^)]*)\)", text):
        components = re.search(r"COMPONENTS ([\w ]+)", match.group(2))
        names = components.group(1).split() if components else [r"\w"]
        for name in names:
            prefix = match.group(1).rstrip("3")  # FindSQLite3 makes SQLite::SQLite3
            if not re.search(rf"\b{prefix}::{name}|\b{prefix.lower()}_generate", all_cmake, re.I):
                why = f"{match.group(1)} {name if components else ''}".rstrip() + " is searched for and not linked"
                yield Finding(path, text.count("\n", 0, match.start()) + 1, f"{why}, take it out")


def package_claims(repo):
    texts = [repo.text(path) for path in repo.paths if path not in CLAIMING and not path.endswith(".md")]
    for number, line in enumerate(repo.text("tools/packages").split("\n"), 1):
        if not line or line.startswith("#"):
            continue
        package = line.split()[0]
        pattern = PACKAGE_WORDS.get(package, rf"\b{re.escape(package)}\b")
        if not any(re.search(pattern, text) for text in texts):
            why = f"nothing shows that {package} is used, take it out or put what shows it into PACKAGE_WORDS"
            yield Finding("tools/packages", number, why)


def dependency_claims(repo, uses):
    """The table `| package | used by | why |`: every library by one of the rooms, every room one of the libraries."""
    path = "docs/DEPENDENCIES.md"
    inside = False
    for number, line in enumerate(repo.text(path).split("\n"), 1):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            inside = False
        elif cells[:2] == ["package", "used by"]:
            inside = True
        elif inside and not line.startswith("| ---"):
            names = [name for name in LIBRARY_NAMES if re.search(rf"\b{name}\b", cells[0])]
            included = {
                room: {name for name in names if includes_library(uses, room, LIBRARY_NAMES[name])}
                for room in cells[1].split(", ")
            }
            for name in names or [cells[0]]:
                if not any(name in found for found in included.values()):
                    yield Finding(path, number, f"{name} is used by none of {cells[1]}, take it out")
            for room, found in included.items():
                if names and not found:
                    yield Finding(path, number, f"{room} uses nothing of {cells[0]}, take it out")


def includes_library(uses, room, pattern):
    of_room = (each for each in uses if is_in(each, {room}))
    return any(re.match(pattern, what) for each in of_room for what, _ in uses[each])


# --- coroutines ------------------------------------------------------------------------------------------------------

CAPTURING_LAMBDA = re.compile(r"(?<![\w\])])\[\s*[&=\w*][^\[\]]*\]\s*(?=[({]|mutable)")
VIEW_PARAMETER = re.compile(
    r"&&|\bstring_view\b|\bspan\s*<|\binitializer_list\s*<|const std::(string|vector|map|optional)\b[^,]*&"
)


def check_coroutine_parameters(repo):
    """A coroutine outlives the call's temporaries, so it takes values, or references to what outlives the loop."""
    for source in repo.sources():
        for match in re.finditer(r"\bawaitable\s*<", source.code):
            after = closing(source.code, match.end() - 1, "<>") + 1
            name = re.match(r"\s+[\w:]+\s*\(", source.code[after:])
            if not name:
                continue
            start = after + name.end() - 1
            parameters = source.code[start : closing(source.code, start)]
            bad = VIEW_PARAMETER.search(parameters)
            if bad:
                why = f"a coroutine takes '{bad.group().strip()}', which may dangle once it suspends, use a value"
                yield Finding(source.path, source.line_of(start + bad.start()), why)


def check_capturing_lambdas(repo):
    """g++ 12 frees a capturing lambda inside a co_await expression twice; a capturing coroutine loses its captures."""
    for source in repo.sources():
        for match in re.finditer(r"\bco_await\b", source.code):
            end = statement_end(source.code, match.end())
            lambda_ = CAPTURING_LAMBDA.search(source.code, match.end(), end)
            if lambda_:
                line = source.line_of(lambda_.start())
                yield Finding(source.path, line, "capturing lambda inside co_await, name it first")
        for match in CAPTURING_LAMBDA.finditer(source.code):
            body = lambda_body(source.code, match.end())
            if body and re.search(r"\bco_(await|return|yield)\b", source.code[body[0] : body[1]]):
                why = "a capturing lambda is a coroutine and outlives its captures, use a free function"
                yield Finding(source.path, source.line_of(match.start()), why)


def statement_end(code, start):
    """The `;` that ends the statement, skipping those in nested brackets."""
    depth = 0
    for at in range(start, len(code)):
        if code[at] in "([{":
            depth += 1
        elif code[at] in ")]}":
            depth -= 1
        if depth < 0 or (code[at] == ";" and depth == 0):
            return at
    return len(code)


def lambda_body(code, after_capture):
    at = after_capture
    if code[at : at + 1] == "(":
        at = closing(code, at) + 1
    head = re.match(r"[^{};()]*\{", code[at:])
    if not head:
        return None
    start = at + head.end() - 1
    return start, closing(code, start, "{}")


def check_co_await_places(repo):
    """One co_await per statement, into a named local: not in conditions, not in arguments."""
    for source in repo.sources():
        for match in re.finditer(r"\bco_await\b", source.code):
            begin = max(source.code.rfind(sign, 0, match.start()) for sign in ";{}") + 1
            before = source.code[begin : match.start()]
            line = source.line_of(match.start())
            if re.search(r"\b(if|while|for|switch)\s*(constexpr\s*)?\($", before.strip()) or (
                re.search(r"\b(if|while|for|switch)\s*\(", before) and before.count("(") > before.count(")")
            ):
                yield Finding(source.path, line, "co_await in a condition, use a named local before it")
            elif before.count("(") > before.count(")"):
                yield Finding(source.path, line, "co_await among arguments, use a named local before it")
            elif "co_await" in before:
                yield Finding(source.path, line, "two co_await in one statement, use a named local for the first")
            elif re.search(r"\bauto\s*\[[^\]]*\]\s*=\s*$", before):
                yield Finding(source.path, line, "structured binding of a co_await, use a named local and auto& [a, b]")


def check_coroutine_ends(repo):
    """Every coroutine has an owner who reads its error, and every time limit awaits its loser."""
    for source in repo.sources():
        for match in re.finditer(r"\bdetached\b", source.code):
            why = "asio::detached loses errors, use TaskScope::spawn"
            yield Finding(source.path, source.line_of(match.start()), why)
        for match in re.finditer(r"awaitable_operators", source.code):
            why = "a || timer waits for the first success, use with_deadline"
            yield Finding(source.path, source.line_of(match.start()), why)


# --- purity ----------------------------------------------------------------------------------------------------------

CLOCKS = re.compile(r"::now\s*\(|\bgettimeofday\b|\bclock_gettime\b|\btime\s*\(\s*(nullptr|NULL|0)\s*\)")
CHANCE = re.compile(r"\brandom_device\b|\bs?rand\s*\(|\bmt19937|\buuid_generate|\brandom_generator\b")
INPUT_OUTPUT = re.compile(
    r"\bstd::(cout|cerr|cin|ifstream|ofstream|fstream|thread|mutex|filesystem|getenv|this_thread)\b|\bf?printf\s*\("
    r"|(?<![\w>])::(open|read|write|socket|fork|kill)\s*\("
)
# The one clock of the program, what reports a bug, and programs' main files.
OUTSIDE = re.compile(r"^src/base/(time|check)\.cpp$|[_/]main\.cpp$|^sim/main\.cpp$")


def check_purity(repo):
    """Time, chance and I/O are inputs: only io asks the world."""
    for source in repo.sources():
        room = room_of(source.path)
        if OUTSIDE.search(source.path) or is_in(room, {"io", "bench", "tests"}):
            continue
        rules = []
        if not is_test(source.path):
            rules = [(CLOCKS, "use in.now in a core, a Clock in a shell"), (CHANCE, "use in.prng or Prng")]
        if is_in(room, PURE - {"sim"}) and not is_test(source.path):
            rules += [(INPUT_OUTPUT, "this room does no I/O, use an effect that io carries out")]
        if is_in(room, PURE) and not is_test(source.path):
            rules += [(re.compile(r"std::unordered_\w+"), "use the ordered container: same input, same bytes")]
            rules += [(re.compile(r"std::uniform_\w+_distribution"), "use Prng::below: same numbers everywhere")]
        for pattern, use in rules:
            for match in pattern.finditer(source.code):
                found = match.group().strip().rstrip("(").strip()
                yield Finding(source.path, source.line_of(match.start()), f"{found} is banned here, {use}")


def check_sleeps(repo):
    """Tests move the clock and settle."""
    for source in repo.sources():
        if is_test(source.path):
            for match in re.finditer(r"\bthis_thread::sleep_\w+|\busleep\s*\(|::sleep\s*\(", source.code):
                why = "a test sleeps, use a manual clock, or wait for the event itself"
                yield Finding(source.path, source.line_of(match.start()), why)


# --- layout ----------------------------------------------------------------------------------------------------------


def check_function_length(repo):
    for source in repo.sources():
        for start, end in function_bodies(source.code):
            lines = source.code.count("\n", start, end) + 1
            if lines > FUNCTION_LINES_MAX:
                why = f"a function of {lines} lines (at most {FUNCTION_LINES_MAX}), use leaves that do one thing each"
                yield Finding(source.path, source.line_of(start), why)


def function_bodies(code):
    """Begin and end of each outermost function: from its first line of declaration to its closing brace."""
    code = re.sub(r"^[ \t]*#[^\n]*", lambda match: " " * len(match.group()), code, flags=re.M)
    at = begin = 0
    while True:
        match = re.compile(r"[{};]").search(code, at)
        if not match:
            return
        at = match.end()
        if match.group() != "{":
            begin = at
            continue
        header = code[begin : match.start()].strip()
        if is_initializer(header):
            at = closing(code, match.start(), "{}") + 1  # a member's initial value: the function's body comes after it
        elif is_function(header):
            end = closing(code, match.start(), "{}")
            yield begin + len(code[begin:]) - len(code[begin:].lstrip()), end
            at = begin = end + 1
        elif opens_scope(header):
            begin = at
        else:
            at = begin = closing(code, match.start(), "{}") + 1  # a value in braces


def is_initializer(header):
    in_list = re.search(r"\)[^:]*[^:]:[^:].*[\w>]$", header, re.S)
    return in_list and not re.match(r"(class|struct|union|enum|namespace)\b", header)


def is_function(header):
    return ")" in header and "=" not in re.sub(r"operator\S+|\([^()]*\)|<[^<>]*>|\[\[[^\]]*\]\]", "", header)


def opens_scope(header):
    return re.search(r"\b(namespace|class|struct|union|enum|extern)\b", header) is not None


def check_line_length(repo):
    for path in repo.paths:
        named = path.endswith((".cpp", ".hpp", ".py", ".sh", ".proto", ".cmake", ".txt", ".service"))
        if not named and path not in ("up", "test") and not path.startswith(("tools/", ".ci/")):
            continue
        if path.startswith(("tests/fixtures/", "tests/fuzz/corpus/")):
            continue
        for number, line in enumerate(repo.text(path).split("\n"), 1):
            if len(line) > LINE_COLUMNS_MAX:
                yield Finding(path, number, f"{len(line)} columns (at most {LINE_COLUMNS_MAX}), use more lines")


def check_sections(repo):
    """A section's rule stands on the line of its title; clang-format breaks those that are too long."""
    for source in repo.sources():
        for match in re.finditer(r"^[ \t]*// ?-{20,}$", source.text, re.M):
            why = "a section's rule without its title, use one line of at most 120 columns"
            yield Finding(source.path, source.line_of(match.start()), why)


def check_format(repo):
    """clang-format finds nothing to change."""
    paths = [source.path for source in repo.sources()]
    if not paths:
        return
    command = ["clang-format", "--dry-run", "-Werror", "--ferror-limit=1", *paths]
    done = subprocess.run(command, cwd=repo.root, capture_output=True, text=True)
    for path, line in re.findall(r"^(\S+?):(\d+):\d+: error:", done.stderr, re.M):
        yield Finding(path, int(line), f"not formatted, use clang-format -i {path}")
    if done.returncode and "error:" not in done.stderr:
        yield Finding(".clang-format", 1, f"clang-format failed: {done.stderr.strip()[:200]}")


# --- documents and files ---------------------------------------------------------------------------------------------

FILE_NAME = re.compile(r"^[\w.\-/]+\.(cpp|hpp|py|md|proto|sh|test|cmake|txt|json|service|yml|html)$")


def check_doc_paths(repo):
    """Every path that a document names exists."""
    known = set(repo.paths)
    folders = {str(parent) for path in known for parent in Path(path).parents}
    tops = {path.split("/")[0] for path in known if "/" in path}
    for path in repo.paths:
        if not path.endswith(".md"):
            continue
        here = os.path.dirname(path)
        for number, name, is_link in doc_names(repo.text(path)):
            places = [os.path.normpath(place) for place in (os.path.join(here, name), name, os.path.join("src", name))]
            exists = any(place in known or place in folders for place in places)
            looks_like_path = is_link or name.split("/")[0] in tops and "/" in name or FILE_NAME.match(name)
            if looks_like_path and not exists:
                yield Finding(path, number, f"{name} does not exist, use the path of today")


def doc_names(text):
    """(line, name, is it a link) for all that could be a path of the repository."""
    fenced = False
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        if fenced:
            continue
        for link in re.findall(r"\]\(([^)\s]+)\)", line):
            if not re.match(r"[a-z]+:|#", link):
                yield number, link.split("#")[0], True
        for name in re.findall(r"`([^`\s]+)`", line):
            name = name.removeprefix("./").rstrip("/")
            if re.fullmatch(r"[\w.\-/]+", name) and not name.startswith(("/", "build/", "..")):
                yield number, name, False


# Written apart so that this file does not find itself.
FORBIDDEN = [
    (re.compile("/wo" + r"rk/"), "a path of one machine, use one relative to the repository"),
    (re.compile("iss" + r"ue #", re.I), "say what it is about, not its number"),
    (re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b"), "finish it, or write it down where work is planned"),
]


def check_words(repo):
    for path in repo.paths:
        if "/corpus/" in path:
            continue
        for number, line in enumerate(repo.text(path).split("\n"), 1):
            for pattern, use in FORBIDDEN:
                match = pattern.search(line)
                if match:
                    yield Finding(path, number, f"'{match.group()}' is forbidden here, {use}")


BINARY_HEADS = [b"\x7fELF", b"!<arch>", b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x89PNG"]


def check_files(repo):
    """No binaries and nothing huge; scripts parse and may be run."""
    for path in repo.paths:
        head = (repo.root / path).read_bytes()[:8]
        corpus = "/corpus/" in path or path.startswith("tests/fixtures/")
        if any(head.startswith(magic) for magic in BINARY_HEADS) and not corpus:
            yield Finding(path, 1, "a binary file, use what it is made from")
        if (repo.root / path).stat().st_size > FILE_BYTES_MAX:
            yield Finding(path, 1, f"larger than {FILE_BYTES_MAX} bytes, use a smaller sample")
        if head.startswith(b"#!"):
            if not os.access(repo.root / path, os.X_OK):
                yield Finding(path, 1, "a script that nobody may run, use chmod +x")
            yield from script_findings(repo, path)


def script_findings(repo, path):
    first = repo.text(path).split("\n", 1)[0]
    if "bash" in first or first.endswith("/sh"):
        done = subprocess.run(["bash", "-n", str(repo.root / path)], capture_output=True, text=True)
        for line, why in re.findall(r"line (\d+): (.*)", done.stderr):
            yield Finding(path, int(line), why)
    elif "python" in first:
        try:
            compile(repo.text(path), path, "exec")
        except SyntaxError as error:
            yield Finding(path, error.lineno or 1, error.msg)


# --- lint: clang-tidy ------------------------------------------------------------------------------------------------

# clang-tidy spends its time on headers: 3 s for a file of these rooms, 10 s where protobuf comes in, 20 s where Asio
# does. So ./test looks at these, and --lint-all, which takes a quarter of an hour, at everything.
LINT_ROOMS = CORES | {"base", "model", "container", "store"}
lint_all = False


def check_lint(repo):
    """clang-tidy finds nothing, by .clang-tidy, in each source that changed since it was last clean."""
    database = compile_commands(repo.root)
    if database is None:
        yield Finding("CMakeLists.txt", 1, "no compile_commands.json for clang-tidy, use cmake --preset debug")
        return
    commands = {entry["file"]: entry for entry in json.loads(database.read_text())}
    paths = [source.path for source in repo.sources() if lint_wanted(source.path, commands, repo.root)]
    if not paths and repo.sources():
        why = f"{database.parent} compiles no source that lint looks at, use cmake --preset again"
        yield Finding("CMakeLists.txt", 1, why)
    cache = repo.root / "build" / "lint"
    cache.mkdir(parents=True, exist_ok=True)
    headers = hash_of(source.text for source in repo.sources() if source.path.endswith(".hpp"))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for findings in pool.map(lambda path: lint_one(repo, path, database.parent, headers, cache), paths):
            yield from findings


def compile_commands(root):
    # Of debug: the one preset that compiles each source by itself.
    place = root / "build" / "debug" / "compile_commands.json"
    return place if place.exists() else None


def lint_wanted(path, commands, root):
    in_room = lint_all or (is_in(room_of(path), LINT_ROOMS) and not is_test(path))
    return path.endswith(".cpp") and in_room and str(root.resolve() / path) in commands


def hash_of(texts):
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()


def lint_one(repo, path, database, headers, cache):
    stamp = cache / hash_of([path, repo.text(path), headers, repo.text(".clang-tidy")])
    if stamp.exists():
        return []
    command = ["clang-tidy", "--quiet", "-p", str(database), "--extra-arg=-Wno-unknown-warning-option", path]
    done = subprocess.run(command, cwd=repo.root, capture_output=True, text=True)
    found = re.findall(r"^(\S+?):(\d+):\d+: (?:warning|error): (.*)$", done.stdout, re.M)
    findings = {Finding(os.path.relpath(name, repo.root.resolve()) if name.startswith("/") else name, int(line), why)
                for name, line, why in found}
    if done.returncode and not findings:
        output = (done.stdout.strip() + "\n" + done.stderr.strip())[-500:]
        return [Finding(path, 1, f"clang-tidy failed: {shlex.join(command)}: {output}")]
    if not findings:
        stamp.touch()
    return sorted(findings)


CHECKS = {
    "includes": check_includes,
    "private-headers": check_private_headers,
    "headers": check_headers,
    "claims": check_claims,
    "coroutine-parameters": check_coroutine_parameters,
    "capturing-lambdas": check_capturing_lambdas,
    "co-await-places": check_co_await_places,
    "coroutine-ends": check_coroutine_ends,
    "purity": check_purity,
    "sleeps": check_sleeps,
    "function-length": check_function_length,
    "line-length": check_line_length,
    "sections": check_sections,
    "format": check_format,
    "doc-paths": check_doc_paths,
    "words": check_words,
    "files": check_files,
    "lint": check_lint,
}


def run(repo, names) -> Iterator[tuple[str, list[Finding]]]:
    for name in names:
        yield name, sorted(set(CHECKS[name](repo)))


def main():
    global lint_all
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(CHECKS), help="the checks to run, separated by commas")
    parser.add_argument("--results", type=Path, help="append one line for each check to this file")
    parser.add_argument("--lint-all", action="store_true", help="clang-tidy on every source, tests and Asio included")
    options = parser.parse_args()
    lint_all = options.lint_all
    names = options.only.split(",")
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        parser.error(f"no check {', '.join(unknown)}; there are {', '.join(CHECKS)}")
    failed = False
    for name, findings in run(Repo(Path(__file__).resolve().parent.parent), names):
        for finding in findings:
            print(finding, flush=True)
        failed = failed or bool(findings)
        if options.results:
            with options.results.open("a") as results:
                results.write(f"{'FAIL' if findings else 'ok'} tidy/{name}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
