# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds with warnings as errors, with and without sanitizers; runs every test; counts.

The last line is "N passed, N failed, N skipped"; the exit status is 0 when none failed.
Usage: check.py [--sanitize address,undefined|thread|none]
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import xml.etree.ElementTree

SOURCE = pathlib.Path(__file__).resolve().parents[1]
PASSED = ("OK", "EXPECTEDFAIL")


def environment():
    env = dict(os.environ)
    env.setdefault("ASAN_OPTIONS", "detect_leaks=1:abort_on_error=0")
    env.setdefault("UBSAN_OPTIONS", "halt_on_error=1:print_stacktrace=1")
    env.setdefault("LSAN_OPTIONS", f"suppressions={SOURCE}/tests/support/lsan.supp:print_suppressions=0")
    env["G_DEBUG"] = "fatal-criticals"
    env["LC_ALL"] = "C.UTF-8"
    return env


def build(directory, sanitize, env):
    if not (directory / "build.ninja").exists():
        subprocess.run(["meson", "setup", directory, SOURCE, "-Dwerror=true",
                        f"-Db_sanitize={sanitize}", "-Db_lundef=false"], check=True, env=env,
                       stdout=subprocess.DEVNULL)
    return subprocess.run(["ninja", "-C", directory], check=False, env=env).returncode == 0


def run_meson(directory, env):
    log = directory / "meson-logs/testlog.json"
    log.unlink(missing_ok=True)
    subprocess.run(["meson", "test", "-C", directory, "--no-rebuild", "--print-errorlogs",
                    "--no-suite", "integration", "--timeout-multiplier", "4"],
                   check=False, env=env)
    if not log.exists():
        return 0, 1, 0
    results = [json.loads(line)["result"] for line in log.read_text().splitlines()]
    skipped = results.count("SKIP")
    passed = sum(results.count(name) for name in PASSED)
    return passed, len(results) - passed - skipped, skipped


def run_pytest(directory, env):
    report = directory / "integration.xml"
    report.unlink(missing_ok=True)
    # A file's tests share what is dear to make: composed trees, disks. Many wait for a disk or a
    # server, so there is one worker more than the CPUs of a small machine.
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-n", "3", "--dist", "loadfile",
                           "-p", "no:cacheprovider", "--durations=40", "--durations-min=5",
                           f"--junitxml={report}", SOURCE / "tests/integration"], check=False,
                          cwd=SOURCE, env=env | {"ATOLL_BUILD": str(directory)})
    if not report.exists():
        return 0, 1, 0
    suite = xml.etree.ElementTree.parse(report).getroot().find("testsuite")
    failed = int(suite.get("failures")) + int(suite.get("errors"))
    skipped = int(suite.get("skipped"))
    if done.returncode != 0 and failed == 0:
        failed = 1
    return int(suite.get("tests")) - failed - skipped, failed, skipped


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sanitize", default="address,undefined")
    sanitize = parser.parse_args().sanitize
    directory = SOURCE / {"address,undefined": "build-asan", "thread": "build-tsan",
                          "none": "build-check"}.get(sanitize, "build-sanitize")
    env = environment()
    sys.stdout.reconfigure(line_buffering=True)
    # Some warnings are only trustworthy without sanitizers.
    plain = sanitize == "none" or build(SOURCE / "build-check", "none", env)
    if plain and build(directory, sanitize, env):
        counts = [sum(pair) for pair in zip(run_meson(directory, env), run_pytest(directory, env))]
    else:
        print("the build failed")
        counts = [0, 1, 0]
    print(f"{counts[0]} passed, {counts[1]} failed, {counts[2]} skipped")
    return 1 if counts[1] else 0


if __name__ == "__main__":
    sys.exit(main())
