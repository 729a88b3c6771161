# SPDX-License-Identifier: LGPL-2.1-or-later
"""Asks dnf what it would install into an empty root: a question as JSON on standard input, the
packages as JSON on standard output. A process of its own, since dnf keeps state in it."""
import json
import sys

import dnf
import dnf.base
import dnf.module.module_base


def main():
    question = json.load(sys.stdin)
    base = dnf.base.Base()
    conf = base.conf
    conf.installroot = question["directory"] + "/root"
    conf.cachedir = question["directory"] + "/cache"
    conf.persistdir = question["directory"] + "/persist"
    conf.logdir = question["directory"]
    conf.substitutions.update({"arch": "x86_64", "basearch": "x86_64", "releasever": "1"})
    conf.install_weak_deps = question.get("weak", False)
    conf.module_platform_id = "platform:el9"
    conf.excludepkgs = question.get("exclude", [])
    conf.multilib_policy = "best"
    conf.gpgcheck = False
    for name, path in question["repos"].items():
        repo = base.repos.add_new_repo(name, conf, baseurl=["file://" + path])
        for key, value in question.get("options", {}).get(name, {}).items():
            setattr(repo, key, value)
    base.fill_sack(load_system_repo=False)
    base.read_comps(arch_filter=True)
    modules = dnf.module.module_base.ModuleBase(base)
    if question.get("enable"):
        modules.enable(question["enable"])
    if question.get("install"):
        modules.install(question["install"])
    packages = question["packages"]
    groups = [name[1:] for name in packages if name.startswith("@")]
    if groups:
        base.env_group_install([name.lstrip("^") for name in groups], ("mandatory", "default"))
    for name in packages:
        if not name.startswith("@"):
            base.install(name)
    base.resolve()
    json.dump([f"{p.name}-{p.epoch}:{p.version}-{p.release}.{p.arch}"
               for p in base.transaction.install_set], sys.stdout)


main()
