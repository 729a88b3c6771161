# SPDX-License-Identifier: LGPL-2.1-or-later
"""Asks dnf which advisories name packages of a repository in exactly their version: a question as
JSON on standard input, id, severity, packages and references as JSON on standard output. A
process of its own, since dnf keeps state in it."""
import json
import sys

import dnf
import hawkey


def main():
    question = json.load(sys.stdin)
    base = dnf.Base()
    base.conf.cachedir = question["directory"] + "/cache"
    base.conf.installroot = question["directory"] + "/root"
    base.conf.substitutions.update({"arch": "x86_64", "basearch": "x86_64", "releasever": "1"})
    base.repos.add_new_repo("one", base.conf, baseurl=["file://" + question["repository"]])
    base.fill_sack(load_system_repo=False)
    found = {}
    for package in base.sack.query().filter(name=question["packages"]):
        for advisory in package.get_advisories(hawkey.EQ):
            if advisory.type != hawkey.ADVISORY_SECURITY:
                continue
            row = found.setdefault(advisory.id, [advisory.severity, [], []])
            row[1].append(str(package))
            row[2] = sorted((reference.url, reference.title) for reference in advisory.references
                            if reference.type == hawkey.REFERENCE_BUGZILLA
                            and "CVE-" in reference.title)
    json.dump(found, sys.stdout)


main()
