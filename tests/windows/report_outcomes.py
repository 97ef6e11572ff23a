"""A pytest plugin that writes each test's outcome at once, so that a run that hangs is not lost."""

from __future__ import annotations

import json

import pytest


def pytest_addoption(parser):
    parser.addoption("--outcomes", help="file for the outcomes, a JSON array a line")


def pytest_configure(config):
    config.pluginmanager.register(_Outcomes(config.getoption("--outcomes")))


class _Outcomes:
    def __init__(self, path):
        self._file = open(path, "w", encoding="utf-8", buffering=1)
        self._outcome = ""

    def _keep(self, name, outcome):
        self._file.write(json.dumps([name, outcome]) + "\n")

    @pytest.hookimpl(trylast=True)
    def pytest_collectreport(self, report):
        if report.failed:
            self._keep(report.nodeid, "failed")

    def pytest_runtest_logstart(self, nodeid):
        self._keep(nodeid, "failed")  # until more is known: it may never end
        self._outcome = "passed"

    def pytest_runtest_logreport(self, report):
        if report.failed or (report.skipped and self._outcome == "passed"):
            self._outcome = report.outcome

    def pytest_runtest_logfinish(self, nodeid):
        self._keep(nodeid, self._outcome)
