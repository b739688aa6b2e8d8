#!/usr/bin/python3
"""Turns the XML reports of gtest and pytest into lines `ok NAME` or `FAIL NAME`, and counts such lines.

usage: tools/results.py read PREFIX REPORT.xml EXIT_CODE    print one line for each test of the report
       tools/results.py sum FILE                            print the failed tests and `N passed, N failed`

A program that crashed, and a report that is missing, empty, or without any test, are failures. A skipped test is none
and did not pass either: it is named and counted in neither number.
"""

import sys
import xml.etree.ElementTree as xml
from pathlib import Path


def read(prefix, report, exit_code):
    try:
        cases = xml.parse(report).getroot().findall(".//testcase")
    except (OSError, xml.ParseError):
        return [f"FAIL {prefix} (no report, exit code {exit_code})"]
    results = {}
    for case in cases:
        name = f"{prefix}/{case.get('classname', '')}.{case.get('name', '')}"
        result = "skip" if case.find("skipped") is not None or case.get("result") == "skipped" else "ok"
        if case.find("failure") is not None or case.find("error") is not None:
            result = "FAIL"
        if result == "FAIL" or results.get(name) != "FAIL":  # pytest reports a bad teardown as a second case
            results[name] = result
    lines = [f"{result} {name}" for name, result in results.items()]
    if not cases:
        lines.append(f"FAIL {prefix} (it ran no test)")
    elif exit_code != 0 and "FAIL" not in results.values():
        lines.append(f"FAIL {prefix} (exit code {exit_code})")
    return lines


def total(lines):
    """The lines to print, and whether all is well. Without a single passed test it is not."""
    kinds = [line.split(" ", 1)[0] for line in lines]
    passed, failed = kinds.count("ok"), kinds.count("FAIL")
    named = [f"skipped: {line[5:]}" for line in lines if line.startswith("skip ")]
    named += [f"FAILED: {line[5:]}" for line in lines if line.startswith("FAIL ")]
    return [*named, f"{passed} passed, {failed} failed"], failed == 0 and passed > 0


def main(arguments):
    if len(arguments) == 4 and arguments[0] == "read":
        print("\n".join(read(arguments[1], arguments[2], int(arguments[3]))))
        return 0
    if len(arguments) == 2 and arguments[0] == "sum":
        lines, good = total(Path(arguments[1]).read_text().splitlines())
        print("\n".join(lines))
        return 0 if good else 1
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
