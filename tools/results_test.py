#!/usr/bin/python3
"""Tests of results.py: nothing that went wrong may look like a pass."""

import tempfile
import unittest
from pathlib import Path

import results

GTEST = """<testsuites><testsuite name="A">
<testcase name="Good" status="run" result="completed" classname="A"/>
<testcase name="Bad" status="run" result="completed" classname="A"><failure message="x"/></testcase>
<testcase name="Later" status="run" result="skipped" classname="A"><skipped message="y"/></testcase>
</testsuite></testsuites>"""


class ResultsTest(unittest.TestCase):
    def read(self, text, exit_code=0):
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.xml"
            if text is not None:
                report.write_text(text)
            return results.read("x", str(report), exit_code)

    def test_each_case_is_a_line(self):
        self.assertEqual(self.read(GTEST, 1), ["ok x/A.Good", "FAIL x/A.Bad", "skip x/A.Later"])

    def test_a_crash_is_a_failure(self):
        self.assertEqual(self.read(None, 134), ["FAIL x (no report, exit code 134)"])
        self.assertEqual(self.read("<testsuites>", 139), ["FAIL x (no report, exit code 139)"])

    def test_a_bad_exit_code_is_a_failure_though_all_cases_passed(self):
        good = '<testsuites><testcase name="a" classname="A"/></testsuites>'
        self.assertEqual(self.read(good, 1), ["ok x/A.a", "FAIL x (exit code 1)"])
        self.assertEqual(self.read(good, 0), ["ok x/A.a"])

    def test_no_test_is_a_failure(self):
        self.assertEqual(self.read("<testsuites/>"), ["FAIL x (it ran no test)"])

    def test_a_bad_teardown_fails_its_test(self):
        report = '<t><testcase name="a" classname="A"/><testcase name="a" classname="A"><error/></testcase></t>'
        self.assertEqual(self.read(report, 1), ["FAIL x/A.a"])

    def test_sum(self):
        self.assertEqual(results.total(["ok a", "ok b"]), (["2 passed, 0 failed"], True))
        lines, good = results.total(["ok a", "FAIL b (exit code 1)", "skip c"])
        self.assertEqual(lines, ["skipped: c", "FAILED: b (exit code 1)", "1 passed, 1 failed"])
        self.assertFalse(good)
        self.assertFalse(results.total([])[1])


if __name__ == "__main__":
    unittest.main()
