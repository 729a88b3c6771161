# SPDX-License-Identifier: LGPL-2.1-or-later
"""What only a booted host does: it stages, and a version that was not found good yet is on trial."""
import contextlib
import json
import os

import pytest

from bootedhost import OLD_SCRIPT, SCRIPT, Grub, Loop, Versions, needs_mounts
from conftest import run

pytestmark = needs_mounts


@pytest.fixture
def versions(tmp_path):
    made = Versions(tmp_path)
    made.publish("1")
    made.disk(tmp_path / "disk.raw", tmp_path / "mount")
    made.publish("2", extra=["--generate-sizes"])
    return made


@pytest.fixture
def boot(versions, tmp_path):  # pylint: disable=redefined-outer-name
    """boot(entry) mounts the disk and is a context of a BootedHost; GRUB's choice when None. A host
    whose programs are `broken` does nothing."""
    @contextlib.contextmanager
    def start(entry=None, broken=False):
        grub = Grub(tmp_path / "disk.raw")
        chosen, counter = grub.choose()
        grub.set_counter(counter)
        link = grub.entries()[chosen if entry is None else entry][2]
        with Loop(grub.image, tmp_path / "mount") as loop:
            host = versions.boot(loop.at, link)
            if not broken:
                host.atoll("boot", "start")
            yield host

    return start


def test_whose_trial_it_is(boot):  # pylint: disable=redefined-outer-name
    """The time limit and the health checks of trials end only the version that is on trial."""
    with boot() as host:
        assert host.version() == "1" and not host.may_be_given_up()
        host.atoll("boot", "bless")
        host.atoll("deploy", "--quiet", "2")
        # it goes on for as long as its operators like
        assert not host.may_be_given_up()
        host.finish()
    with boot(entry=1) as host:
        # chosen by hand: version 2 has its trial later
        assert host.version() == "1" and not host.may_be_given_up()
        assert "chosen by hand" in host.status()["boot"]["text"]
        assert host.atoll("boot", "bless", status=3).stdout.startswith("nothing to do")
    with boot() as host:
        assert host.version() == "2" and host.may_be_given_up()
        assert host.status()["boot"]["tries-left"] == 1  # two starts of the boot loader
        host.atoll("boot", "bless")
        assert not host.may_be_given_up() and host.status()["boot"]["good"]
    with boot() as host:
        assert host.version() == "2" and not host.may_be_given_up()


def test_power_gone_right_after_the_change(boot):  # pylint: disable=redefined-outer-name
    """libostree had changed what boots, and that was all; GRUB did not see it yet."""
    with boot() as host:
        host.atoll("boot", "bless")
        policy = host.deployment / "etc/atoll/etc.d"
        policy.mkdir(parents=True)
        (policy / "10.yaml").write_text("rules: [{path: /etc/conf1, policy: take}]\n")
        (host.deployment / "etc/conf1").write_text("mine\n")
        host.atoll("deploy", "--quiet", "2")
        host.run("ostree", "admin", "finalize-staged")
    with boot(entry=1) as host:
        assert host.version() == "1"
        before = {name: (host.state / name).read_bytes() for name in ("etc.json", "history.jsonl")}
        host.atoll("agent", "booted")
        (saved,) = host.state.glob("etc-saved/*/etc/conf1")
        assert saved.read_text() == "mine\n"
        # and as if the power had gone again, before it was noted
        for name, content in before.items():
            (host.state / name).write_bytes(content)
        host.atoll("agent", "booted")
        assert saved.read_text() == "mine\n"
        status = host.status()
        assert "left by a power cut" in status["boot"]["text"]
        assert status["pending"] is None
        events = [record["event"] for record in json.loads(
            host.atoll("history", "--json").stdout)["history"]]
        assert events.count("finalized") == 1, events
        # the same once more; it is what starts next, and nothing has to be staged
        host.atoll("agent", "booted", status=None)
        assert host.atoll("deploy", "2", status=3).stdout
    with boot() as host:
        assert host.version() == "2"
        assert (host.deployment / "etc/conf1").read_text() == "2\n"
        host.atoll("boot", "bless")
        events = [record["event"] for record in json.loads(
            host.atoll("history", "--json").stdout)["history"]]
        assert events.count("finalized") == 1, events


def test_the_script_of_the_menu(boot, tmp_path):  # pylint: disable=redefined-outer-name
    """A version that is found good brings its own, whole to a boot loader that sees no journal; an
    administrator's is left alone."""
    grub = Grub(tmp_path / "disk.raw")
    assert grub.script() == "old"
    with boot() as host:
        assert "The boot menu's script is now the one" in host.atoll("boot", "bless").stdout
        grub.script()
        new = (host.root / SCRIPT).read_bytes()
        assert (host.root / f"{SCRIPT}.before").read_bytes() == OLD_SCRIPT
        host.atoll("deploy", "--quiet", "2")
        host.finish()
    assert grub.script() == "new" and grub.cat(SCRIPT) == new
    with boot() as host:
        (host.root / SCRIPT).write_text("# mine\n")
        assert "script" not in host.atoll("boot", "bless").stdout
    assert grub.cat(SCRIPT) == b"# mine\n"


def test_a_script_that_cannot_be_written(boot):  # pylint: disable=redefined-outer-name
    """The version is good all the same, and the script is what it was."""
    with boot() as host:
        run("chattr", "+i", (host.root / SCRIPT).parent)
        done = host.atoll("boot", "bless")
        run("chattr", "-i", (host.root / SCRIPT).parent)
        assert "The boot loader was left as it is: updating the boot menu's script: " in done.stderr
        assert "Operation not permitted" in done.stderr
        assert (host.root / SCRIPT).read_bytes() == OLD_SCRIPT
        assert not list((host.root / SCRIPT).parent.glob("grub.cfg?*"))
        assert host.status()["boot"]["good"]


def test_staged_on_trial(boot, versions):  # pylint: disable=redefined-outer-name
    """What is on trial itself stays so when another version is staged."""
    versions.publish("3")
    with boot() as host:
        host.atoll("boot", "bless")
        host.atoll("deploy", "--quiet", "2")
        host.finish()
    with boot() as host:
        host.atoll("deploy", "--quiet", "3")
        assert host.version() == "2" and host.may_be_given_up()
        host.atoll("boot", "bless")
        assert not host.may_be_given_up()
        host.finish()
    with boot() as host:
        assert host.version() == "3" and host.may_be_given_up()


def test_full_boot(boot):  # pylint: disable=redefined-outer-name
    """A /boot of its own that is full: said before anything is staged."""
    with boot() as host:
        boot_dir = host.root / "boot"
        run("cp", "-a", boot_dir, host.root / "boot.old")
        run("mount", "-t", "tmpfs", "-o", "size=1500k", "none", boot_dir)
        try:
            run("cp", "-a", f"{host.root}/boot.old/.", boot_dir)
            deployed = sorted(os.listdir(host.deployment.parent))
            found = host.atoll("upgrade", "--check", status=1)
            assert "/boot" in found.stdout + found.stderr
            refused = host.atoll("upgrade", status=1).stderr
            assert "not enough space in /boot: kernel and initramfs need 8" in refused
            assert "(nothing was changed)" in refused
            assert sorted(os.listdir(host.deployment.parent)) == deployed
            assert not (host.run_dir / "ostree/staged-deployment").exists()
            assert [one["version"] for one in host.status()["deployments"]] == ["1"]
            assert not host.may_be_given_up()
            # with more room it is taken
            run("mount", "-o", "remount,size=8m", boot_dir)
            host.atoll("upgrade", "--quiet")
            assert host.status()["deployments"][0]["staged"]
        finally:
            run("umount", boot_dir)


def test_given_up_and_remembered(boot, versions):  # pylint: disable=redefined-outer-name
    """Three tries, and the version before goes on; a later one is taken, the bad one never again."""
    def is_refused(host):
        refused = host.atoll("deploy", "2", status=1).stderr
        assert "failed on this host before" in refused and "atoll-host unblock" in refused
        return [one["version"] for one in host.status()["blocked"]] == ["2"]

    versions.publish("3")
    with boot() as host:
        host.atoll("boot", "bless")
        host.atoll("deploy", "--quiet", "2")
        host.finish()
    for _ in range(3):
        with boot(broken=True) as host:
            assert host.version() == "2" and host.may_be_given_up()
    with boot() as host:
        status = host.status()
        assert [one["version"] for one in status["deployments"]] == ["1"] and host.version() == "1"
        assert "Version 2 (" in status["fallback"] and "did not get as far" in status["fallback"]
        assert not host.may_be_given_up() and is_refused(host)
        host.atoll("boot", "bless")
        host.atoll("deploy", "--quiet", "3")
        host.finish()
    with boot() as host:
        host.atoll("boot", "bless")
        assert host.version() == "3" and host.status()["boot"]["good"]
        assert is_refused(host) and "fallback" not in host.status()


def staged_of(host):
    (staged,) = (path for path in host.deployment.parent.iterdir()
                 if path.is_dir() and path != host.deployment)
    return staged


def test_what_libostree_finalises(boot):  # pylint: disable=redefined-outer-name
    """Whatever cannot be done here."""
    with boot() as host:
        host.atoll("boot", "bless")
        (host.deployment / "etc/conf1").write_text("mine\n")
        host.atoll("deploy", "--quiet", "2")
        staged_of(host).with_suffix(".0.origin").unlink()
        done = host.atoll("agent", "finalize")
        assert done.stdout.startswith("libostree finalises it: reading its origin: ")
    with boot() as host:
        assert host.version() == "2" and (host.deployment / "etc/conf1").read_text() == "mine\n"
        assert host.status()["pending"] is None


def test_labels_are_libostrees(boot):  # pylint: disable=redefined-outer-name
    """Here it cannot make SELinux's policy either; the version that runs goes on."""
    with boot() as host:
        host.atoll("boot", "bless")
        (host.deployment / "etc/selinux").mkdir()
        (host.deployment / "etc/selinux/config").write_text("SELINUX=disabled\n")
        host.atoll("deploy", "--quiet", "2")
        done = host.atoll("agent", "finalize", status=1)
        assert done.stdout == "libostree finalises it: its files have to be labelled for SELinux\n"
    with boot() as host:
        assert host.version() == "1"


def test_not_finalised(boot):  # pylint: disable=redefined-outer-name
    """A file that has come since it was staged, where the new version has a directory: neither can
    merge that, and the version that runs goes on."""
    with boot() as host:
        host.atoll("boot", "bless")
        assert host.atoll("agent", "finalize").stdout == "nothing is staged\n"
        host.atoll("deploy", "--quiet", "2")
        locked = host.run_dir / "ostree/staged-deployment-locked"
        locked.touch()
        assert host.atoll("agent", "finalize").stdout == "what is staged is locked, and waits\n"
        locked.unlink()
        (staged_of(host) / "etc/late").mkdir()
        (host.deployment / "etc/late").write_text("mine\n")
        failed = host.atoll("agent", "finalize", status=1)
        assert "merging /etc: ‘/etc/late’ is a file here and a directory in the new image" in failed.stdout
        assert "newly defaults to directory 'late', cannot merge" in failed.stderr
        assert not (host.run_dir / "ostree/staged-deployment.atoll").exists()
    with boot() as host:
        host.atoll("agent", "booted")
        assert host.version() == "1" and (host.deployment / "etc/late").read_text() == "mine\n"
        told = host.atoll("status", status=1).stderr
        assert told == ("atoll-host: the last update, 2, was not finished at shutdown: During /etc merge: "
                        "Modified config file newly defaults to directory 'late', cannot merge\n")
        # and it can be tried again
        (host.deployment / "etc/late").unlink()
        host.atoll("deploy", "--quiet", "2")
        host.finish()
    with boot() as host:
        assert host.version() == "2"
