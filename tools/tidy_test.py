#!/usr/bin/python3
"""Tests of tidy.py: for each rule one text that breaks it and one, as close as can be, that does not."""

import shutil
import tempfile
import unittest
from pathlib import Path

import tidy


class TidyTest(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)

    def findings(self, check, files):
        for path, text in files.items():
            place = self.root / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text if isinstance(text, bytes) else text.encode())
        return sorted(tidy.CHECKS[check](tidy.Repo(self.root, list(files))))

    def assert_found(self, check, path, text, line, words, others=None):
        found = self.findings(check, {path: text, **(others or {})})
        self.assertEqual([(finding.path, finding.line) for finding in found], [(path, line)], found)
        self.assertIn(words, found[0].why)

    def assert_clean(self, check, path, text, others=None):
        self.assertEqual(self.findings(check, {path: text, **(others or {})}), [])

    # --- rooms

    def test_a_room_includes_only_rooms_above_it(self):
        io = {"src/io/log.hpp": "#pragma once\n"}
        self.assert_found("includes", "src/engine/a.cpp", 'int a;\n#include "io/log.hpp"\n', 2, "not include io", io)
        self.assert_clean("includes", "src/cli/client.cpp", '#include "io/log.hpp"\n', io)
        self.assert_found("includes", "sim/world.cpp", '#include "io/log.hpp"\n', 1, "sim must not include io", io)

    def test_cores_do_not_see_each_other_nor_wire(self):
        others = {"src/wire/json.hpp": "", "src/scheduler/step.hpp": ""}
        self.assert_found("includes", "src/engine/a.cpp", '#include "scheduler/step.hpp"\n', 1, "scheduler", others)
        self.assert_found("includes", "src/executor/a.hpp", '#include "wire/json.hpp"\n', 1, "wire", others)
        self.assert_clean("includes", "tests/issues/a.cpp", '#include "scheduler/step.hpp"\n', others)

    def test_sub_rooms_do_not_see_each_other(self):
        others = {"src/wire/docker/pull.hpp": "", "src/wire/json/text.hpp": "", "src/api/mesos/reads.hpp": ""}
        docker, state = '#include "wire/docker/pull.hpp"\n', '#include "api/mesos/reads.hpp"\n'
        self.assert_found("includes", "src/wire/mesos/a.cpp", docker, 1, "wire/docker", others)
        self.assert_found("includes", "src/wire/marathon/a.cpp", docker, 1, "wire/docker", others)
        self.assert_found("includes", "src/api/marathon/a.cpp", state, 1, "api/mesos", others)
        self.assert_clean("includes", "src/wire/docker/a.cpp", '#include "wire/json/text.hpp"\n', others)

    def test_a_test_may_include_more_than_its_room(self):
        others = {"src/wire/mesos/codec.hpp": ""}
        text = '#include "wire/mesos/codec.hpp"\n'
        self.assert_found("includes", "src/container/a.cpp", text, 1, "wire/mesos", others)
        self.assert_clean("includes", "src/container/a_test.cpp", text, others)

    def test_an_include_exists(self):
        self.assert_found("includes", "src/base/a.cpp", '#include "base/gone.hpp"\n', 1, "does not exist")
        self.assert_clean("includes", "src/base/a.cpp", '// #include "base/gone.hpp" was here\n#include <map>\n')

    def test_libraries_stay_in_their_rooms(self):
        self.assert_found("includes", "src/engine/a.hpp", "#include <boost/asio/post.hpp>\n", 1, "Asio")
        self.assert_clean("includes", "src/io/a.hpp", "#include <boost/asio/post.hpp>\n")
        self.assert_found("includes", "src/api/a.cpp", "#include <sqlite3.h>\n", 1, "SQLite")
        self.assert_found("includes", "src/api/a.cpp", '#include "mesos.pb.h"\n', 1, "only wire/mesos")
        self.assert_clean("includes", "src/wire/mesos/a.cpp", '#include "mesos.pb.h"\n')
        self.assert_clean("includes", "src/wire/mesos/a.cpp", "#include <google/protobuf/message.h>\n")

    def test_generated_protobuf_stays_in_sources_of_wire(self):
        header = {"src/wire/mesos/convert.hpp": '#pragma once\n#include "mesos.pb.h"\n'}
        self.assert_clean("private-headers", "src/wire/mesos/a.cpp", '#include "wire/mesos/convert.hpp"\n', header)
        text = '#include "wire/mesos/convert.hpp"\n'
        self.assert_found("private-headers", "src/wire/mesos/b.hpp", text, 1, "protobuf", header)
        self.assert_found("private-headers", "src/api/a.cpp", text, 1, "protobuf", header)

    # --- claims

    def test_edges_between_rooms_are_used(self):
        real = Path(tidy.__file__).read_text()
        files = {}
        for room, others in tidy.ROOMS.items():
            for other in others:
                header = other if other == "sim" else f"src/{other}"
                files[f"{header}/a.hpp"] = "#pragma once\n"
            folder = room if room == "sim" else f"src/{room}"
            files[f"{folder}/a.cpp"] = "".join(f'#include "{other}/a.hpp"\n' for other in others)
            tests = tidy.TEST_ROOMS.get(room, [])
            files[f"{folder}/a_test.cpp"] = "".join(f'#include "{other}/a.hpp"\n' for other in tests)
        self.assert_clean("claims", "tools/tidy.py", real, files)
        files["src/link/a.cpp"] = files["src/link/a.cpp"].replace('#include "io/a.hpp"\n', "")
        line = real[: real.index('    "link": ')].count("\n") + 1
        self.assert_found("claims", "tools/tidy.py", real, line, "no file of link includes io", files)
        files["src/link/a_test.cpp"] = '#include "io/a.hpp"\n'
        self.assert_found("claims", "tools/tidy.py", real, line, "no file of link includes io", files)

    def test_what_a_room_links_is_included(self):
        cmake = "project(x)\nwindlass_room(link DEPENDS io Boost::json TEST_DEPENDS wire_mesos)\n"
        files = {
            "src/io/log.hpp": "#pragma once\n",
            "src/wire/mesos/codec.hpp": "#pragma once\n",
            "src/link/a.cpp": '#include "io/log.hpp"\n#include <boost/json.hpp>\n',
            "src/link/a_test.cpp": '#include "wire/mesos/codec.hpp"\n',
        }
        self.assert_clean("claims", "CMakeLists.txt", cmake, files)
        without = {**files, "src/link/a.cpp": '#include "io/log.hpp"\n'}
        self.assert_found("claims", "CMakeLists.txt", cmake, 2, "link links Boost::json", without)
        without = {**files, "src/link/a_test.cpp": ""}
        self.assert_found("claims", "CMakeLists.txt", cmake, 2, "link links wire_mesos", without)
        unknown = cmake.replace("Boost::json", "Other::thing")
        self.assert_found("claims", "CMakeLists.txt", unknown, 2, "link links Other::thing", files)

    def test_what_cmake_searches_for_is_linked(self):
        json = "\nwindlass_room(wire/json DEPENDS Boost::json)\n"
        files = {"src/wire/json/a.cpp": "#include <boost/json.hpp>\n"}
        search = "find_package(Boost 1.81 REQUIRED COMPONENTS json)"
        self.assert_clean("claims", "CMakeLists.txt", search + json, files)
        both = search.replace("json)", "json url)") + json
        self.assert_found("claims", "CMakeLists.txt", both, 1, "Boost url is searched for and not linked", files)
        self.assert_found("claims", "CMakeLists.txt", "find_package(ZLIB REQUIRED)\n", 1, "ZLIB is searched for")
        self.assert_clean("claims", "CMakeLists.txt", "# find_package(ZLIB REQUIRED)\n")

    def test_packages_are_used(self):
        text = "# the list\nzlib1g-dev up gzip\nwrk bench load\n"
        files = {"src/io/http/gzip.cpp": "#include <zlib.h>\n", "bench/load.py": "run('wrk')\n"}
        self.assert_clean("claims", "tools/packages", text, files)
        only_described = {"bench/load.py": "run('wrk')\n", "docs/a.md": "#include <zlib.h>\n"}
        without = only_described | {"src/io/http/gzip.cpp": ""}
        self.assert_found("claims", "tools/packages", text, 2, "zlib1g-dev", without)
        self.assert_found("claims", "tools/packages", text, 3, "wrk", files | {"bench/load.py": "run('wrks')\n"})

    def test_libraries_in_the_docs_are_used(self):
        head = "| package | used by | why |\n| --- | --- | --- |\n"
        table = head + "| Boost: JSON, URL | wire, api | x |\n\n| wrk | y |\n"
        wire = {"src/wire/json/a.cpp": "#include <boost/json.hpp>\n"}
        both = wire | {"src/api/a.cpp": "#include <boost/url/parse.hpp>\n"}
        self.assert_clean("claims", "docs/DEPENDENCIES.md", table, both)
        only_json = wire | {"src/api/a.cpp": "#include <boost/json/value.hpp>\n"}
        self.assert_found("claims", "docs/DEPENDENCIES.md", table, 3, "URL is used by none of wire, api", only_json)
        only_wire = table.replace(", URL", "")
        unused = wire | {"src/api/a.cpp": ""}
        self.assert_found("claims", "docs/DEPENDENCIES.md", only_wire, 3, "api uses nothing of Boost: JSON", unused)
        unknown = head + "| libfoo | io | x |\n"
        self.assert_found("claims", "docs/DEPENDENCIES.md", unknown, 3, "libfoo is used by none of io")

    def test_headers(self):
        self.assert_clean("headers", "src/base/a.hpp", "// What it is.\n#pragma once\n")
        self.assert_found("headers", "src/base/a.hpp", "#ifndef A\n#define A\n#endif\n", 1, "#pragma once")
        self.assert_found("headers", "src/base/a.hpp", "#pragma once\nusing namespace std;\n", 2, "using namespace")

    # --- coroutines

    def test_coroutine_parameters(self):
        check = "coroutine-parameters"
        self.assert_found(check, "src/io/a.hpp", "asio::awaitable<void> f(Socket&& socket);\n", 1, "&&")
        two_lines = "awaitable<Result<int>> f(int a,\n    std::string_view b);\n"
        self.assert_found(check, "src/io/a.hpp", two_lines, 2, "string_view")
        self.assert_found(check, "src/io/a.hpp", "awaitable<void> X::f(const std::string& b) {}\n", 1, "const std::")
        self.assert_clean(check, "src/io/a.hpp", "awaitable<void> f(std::string b, Server& server);\nint g(X&& x);\n")
        self.assert_clean(check, "src/io/a.hpp", "// awaitable<void> f(T&& t);\nstd::vector<awaitable<void>> all;\n")

    def test_capturing_lambdas_near_co_await(self):
        check = "capturing-lambdas"
        self.assert_found(check, "a.cpp", "co_await post(pool,\n  [x] { use(x); });\n", 2, "inside co_await")
        self.assert_found(check, "a.cpp", "co_await post([&](int y) { return y; });\n", 1, "inside co_await")
        self.assert_clean(check, "a.cpp", "auto f = [x] { use(x); };\nco_await post(f);\n")
        self.assert_clean(check, "a.cpp", "co_await post(array[i], [] { return 1; });\n")

    def test_capturing_coroutines(self):
        check = "capturing-lambdas"
        coroutine = "auto f = [x](int y) -> awaitable<int> { if (y) { g(); } co_return x; };\n"
        self.assert_found(check, "a.cpp", coroutine, 1, "outlives its captures")
        self.assert_clean(check, "a.cpp", coroutine.replace("[x]", "[]"))
        self.assert_clean(check, "a.cpp", "auto f = [x] { return x; };\nco_return f();\n")

    def test_places_of_co_await(self):
        check = "co-await-places"
        self.assert_found(check, "a.cpp", "int a;\nif (co_await f()) g();\n", 2, "condition")
        self.assert_found(check, "a.cpp", "while (auto x = co_await f()) g();\n", 1, "condition")
        self.assert_found(check, "a.cpp", "use(1, co_await f());\n", 1, "arguments")
        self.assert_found(check, "a.cpp", "auto x = co_await f() + co_await g();\n", 1, "two co_await")
        self.assert_found(check, "a.cpp", "auto [a, b] = co_await f();\n", 1, "structured binding")
        loop = "for (;;) {\n  auto x = co_await f(g(1));\n  auto& [a, b] = x;\n  if (a) h();\n}\n"
        self.assert_clean(check, "a.cpp", loop)
        self.assert_clean(check, "a.cpp", "if (a) co_await f();\nelse co_return;\n// if (co_await f())\n")

    def test_ends_of_coroutines(self):
        self.assert_found("coroutine-ends", "a.cpp", "co_spawn(loop, f(), asio::detached);\n", 1, "TaskScope")
        operators = "#include <boost/asio/experimental/awaitable_operators.hpp>\n"
        self.assert_found("coroutine-ends", "a.cpp", operators, 1, "with_deadline")
        self.assert_clean("coroutine-ends", "a.cpp", "scope.spawn(\"detached\", f());\n")

    # --- purity

    def test_time_and_chance_are_inputs(self):
        now = "auto t = std::chrono::system_clock::now();\n"
        self.assert_found("purity", "src/scheduler/backoff.cpp", "\n" + now, 2, "in.now")
        self.assert_found("purity", "src/api/routes.cpp", now, 1, "in.now")
        self.assert_clean("purity", "src/io/deadline.hpp", now)
        self.assert_clean("purity", "src/base/time.cpp", now)
        self.assert_clean("purity", "src/engine/a.cpp", "auto t = in.now;  // not system_clock::now()\n")
        self.assert_found("purity", "src/engine/a.cpp", "std::random_device device;\n", 1, "Prng")
        self.assert_found("purity", "src/engine/a.cpp", "int x = rand();\n", 1, "Prng")
        self.assert_clean("purity", "src/engine/a.cpp", "int x = operand(1);\n")

    def test_pure_rooms_do_no_io_and_keep_order(self):
        self.assert_found("purity", "src/engine/a.cpp", "std::unordered_map<int, int> m;\n", 1, "ordered")
        self.assert_clean("purity", "src/io/a.cpp", "std::unordered_map<int, int> m;\n")
        self.assert_found("purity", "src/wire/a.cpp", "std::ifstream file{path};\n", 1, "no I/O")
        self.assert_clean("purity", "src/wire/a_test.cpp", "std::ifstream file{path};\n")
        self.assert_found("purity", "src/executor/a.cpp", "std::uniform_int_distribution<int> d;\n", 1, "Prng::below")

    def test_tests_do_not_sleep(self):
        sleep = "std::this_thread::sleep_for(1s);\n"
        self.assert_found("sleeps", "src/io/a_test.cpp", sleep, 1, "sleeps")
        self.assert_clean("sleeps", "src/io/a.cpp", sleep)

    # --- layout

    def test_function_length(self):
        body = "  a();\n" * 69
        self.assert_clean("function-length", "a.cpp", "int f(int x) {\n" + body[: 7 * 68] + "}\n")
        self.assert_found("function-length", "a.cpp", "\nint f(int x) {\n" + body + "}\n", 2, "71 lines")
        inner = "namespace a {\nclass B {\n  B() : c_{1}, d_(2) {\n" + body + "  }\n};\n}\n"
        self.assert_found("function-length", "b.cpp", inner, 3, "71 lines")
        self.assert_clean("function-length", "c.cpp", "const int table[] = {\n" + "  1,\n" * 90 + "};\n")
        self.assert_clean("function-length", "d.cpp", "namespace a {\n" + "void f() {\n}\n" * 50 + "}\n")

    def test_section_rules_stand_on_one_line(self):
        self.assert_found("sections", "src/io/a.cpp", "// --- reading\n// " + "-" * 90 + "\nint a;\n", 2, "one line")
        self.assert_clean("sections", "src/io/a.cpp", "// --- reading " + "-" * 90 + "\nint a;\n")

    def test_line_length(self):
        self.assert_clean("line-length", "src/base/a.cpp", "x" * 120 + "\n")
        self.assert_found("line-length", "src/base/a.cpp", "\n" + "x" * 121 + "\n", 2, "121 columns")
        self.assert_clean("line-length", "README.md", "x" * 200 + "\n")

    def test_format(self):
        style = {".clang-format": "BasedOnStyle: Google\n"}
        self.assert_found("format", "a.cpp", "int a;\nint  b;\n", 2, "clang-format -i a.cpp", style)
        self.assert_clean("format", "a.cpp", "int a;\nint b;\n", style)

    # --- documents and files

    def test_paths_in_documents_exist(self):
        others = {"src/engine/step.hpp": "", "docs/MAP.md": ""}
        check = "doc-paths"
        self.assert_found(check, "docs/A.md", "\nsee `src/engine/gone.cpp`\n", 2, "src/engine/gone.cpp", others)
        self.assert_found(check, "README.md", "the [map](docs/GONE.md)\n", 1, "docs/GONE.md", others)
        self.assert_found(check, "src/engine/README.md", "`gone.hpp` says\n", 1, "gone.hpp", others)
        text = "`src/engine/`, `step.hpp`, [map](../../docs/MAP.md#top), `/v1/apps`, `a/b`, [x](http://gone.md)\n"
        self.assert_clean(check, "src/engine/README.md", text, others)
        self.assert_clean(check, "README.md", "```\n`src/gone.cpp`\n```\n", others)

    def test_forbidden_words(self):
        self.assert_found("words", "src/base/a.cpp", "// TO" + "DO later\n", 1, "forbidden")
        self.assert_found("words", "README.md", "as iss" + "ue #3 says\n", 1, "forbidden")
        self.assert_found("words", "test", "cd /wo" + "rk/main\n", 1, "one machine")
        self.assert_clean("words", "README.md", "the TODOs of others, work/ and issues\n")

    def test_binaries(self):
        self.assert_found("files", "tools/x", b"\x7fELF\x02", 1, "binary")
        self.assert_clean("files", "tests/fuzz/corpus/x", b"\x1f\x8b\x00")

    def test_scripts_parse_and_may_be_run(self):
        found = self.findings("files", {"run": "#!/bin/bash\nif\n"})
        self.assertIn("chmod +x", found[0].why)
        self.assertTrue(any("syntax error" in finding.why for finding in found), found)

    # --- the program

    def test_a_finding_reads_as_documented(self):
        self.assertEqual(str(tidy.Finding("a.cpp", 3, "why, use X")), "tidy: a.cpp:3: why, use X")

    def test_lint_finds_and_remembers_what_is_clean(self):
        command = '[{"directory": "%s", "file": "%s/src/base/a.cpp", "command": "g++ -c src/base/a.cpp"}]'
        files = {
            ".clang-tidy": "Checks: '-*,modernize-use-nullptr'\nWarningsAsErrors: '*'\n",
            "build/debug/compile_commands.json": command % (self.root, self.root),
        }
        self.assert_found("lint", "src/base/a.cpp", "int* a = 0;\n", 1, "nullptr", files)
        self.assertEqual(list((self.root / "build/lint").iterdir()), [])
        self.assert_clean("lint", "src/base/a.cpp", "int* a = nullptr;\n", files)
        self.assertEqual(len(list((self.root / "build/lint").iterdir())), 1)

    def test_lint_without_a_build_is_a_finding(self):
        found = self.findings("lint", {"src/base/a.cpp": "", ".clang-tidy": ""})
        self.assertIn("compile_commands.json", found[0].why)


if __name__ == "__main__":
    unittest.main()
