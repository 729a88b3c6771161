# SPDX-License-Identifier: LGPL-2.1-or-later
"""Packages that mean harm, or do not end: none reaches out of its tree, none is waited for."""
import io
import os
import pathlib
import tarfile
import time

import pytest

import local


def still_runs(word):
    """Whether any process of this machine has @word on its command line."""
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if word.encode() in path.read_bytes():
                return True
        except OSError:
            pass
    return False


def test_script_in_the_background(compose):
    """What a script leaves behind ends with the scripts, and is not waited for."""
    mark = "31415.92"
    compose.add("forks", scripts={"postinst": f"""\
        #!/bin/sh
        (trap '' HUP TERM; setsid sleep {mark}; touch /usr/share/late) &
        setsid sh -c 'sleep {mark}; touch /usr/share/later' &
        touch /usr/share/in-time
        """})
    compose.write()
    compose.make(timeout=600)
    assert not still_runs(mark)
    paths = compose.ls()
    assert "usr/share/in-time" in paths
    assert "usr/share/late" not in paths and "usr/share/later" not in paths


@pytest.mark.parametrize("script, args", [("postinst", "configure"), ("preinst", "install")])
def test_script_that_never_ends(compose, script, args):
    """It is named, and gone with its children; the branch stays as it was."""
    mark = "27182.81"
    compose.add("quick", scripts={"postinst": "#!/bin/sh\n"})
    compose.add("stuck", scripts={script: f"""\
        #!/bin/sh
        test "$1" = {args} || exit 1
        trap '' TERM INT HUP
        setsid sleep {mark} &
        while true; do echo noise; sleep 0.2; done
        """})
    compose.write()
    error = compose.fail("--script-timeout", "8", timeout=600)
    assert error.startswith(f"the {script} script of package ‘stuck’ did not end within 8 seconds")
    assert "--script-timeout" in error
    assert not still_runs(mark)
    compose.add("stuck", "1.1")
    compose.write()
    compose.make()


def test_postprocess_that_never_ends(compose):
    compose.write(postprocess=["#!/bin/sh\nsleep 27182.82\n"])
    error = compose.fail("--script-timeout", "8", timeout=600)
    assert "tree.yaml:" in error and "did not end within 8 seconds" in error
    assert not still_runs("27182.82")


def test_limit_is_for_one_script(compose):
    """Several that take a third of it each are none that takes too long."""
    for number in range(4):
        compose.add(f"third{number}", scripts={"postinst": "#!/bin/sh\nsleep 4\n"})
    compose.write()
    start = time.monotonic()
    compose.make("--script-timeout", "12")
    assert time.monotonic() - start > 12


def test_timeout_that_is_no_number(compose):
    result = compose.run("--script-timeout", "soon", status=2)
    assert "--script-timeout" in result.stderr and "‘soon’" in result.stderr


def test_script_that_writes_to_the_kernel(compose):
    """/proc/sys would be a way out of any sandbox: core_pattern names a program to run."""
    watched = [name for name in ("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname",
               "/proc/sys/vm/swappiness", "/proc/sys/kernel/modprobe") if os.path.exists(name)]
    before = {name: pathlib.Path(name).read_text() for name in watched}
    attempts = "\n".join(f"(echo '|/atoll-was-here' > {name}) 2>/dev/null && "
                         f"echo {name} >> /usr/share/written" for name in watched)
    compose.add("writer", scripts={"postinst": f"""\
        #!/bin/sh
        touch /usr/share/written
        {attempts}
        (echo 1 > /proc/sysrq-trigger) 2>/dev/null && echo sysrq >> /usr/share/written
        (mknod /dev/sda b 8 0) 2>/dev/null && echo device >> /usr/share/written
        (mount -t tmpfs none /mnt) 2>/dev/null && echo mount >> /usr/share/written
        (mount -o remount,rw /proc/sys) 2>/dev/null && echo remount >> /usr/share/written
        test -e /sys/kernel && echo sys >> /usr/share/written
        true
        """})
    compose.write()
    try:
        compose.make()
        assert {name: pathlib.Path(name).read_text() for name in watched} == before
    finally:
        for name, text in before.items():
            if pathlib.Path(name).read_text() != text:
                pathlib.Path(name).write_text(text)
    assert compose.cat("/usr/share/written") == ""


def tar_with(name, size, content=b""):
    """A tar whose one header says @size, whatever follows."""
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.USTAR_FORMAT) + content + bytes(1024)


def ar_member(name, content):
    header = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode()
    return header + content + (b"\n" if len(content) % 2 else b"")


def craft(compose, name, data):
    control = (f"Package: {name}\nVersion: 1\nArchitecture: all\nDescription: x\n"
               "Maintainer: Nobody <nobody@example.org>\n").encode()
    info = tarfile.TarInfo("./control")
    info.size = len(control)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.addfile(info, io.BytesIO(control))
    (compose.local / f"{name}.deb").write_bytes(
        b"!<arch>\n" + ar_member("debian-binary", b"2.0\n") +
        ar_member("control.tar", out.getvalue()) + ar_member("data.tar", data))
    local.index(compose.local)
    compose.write(packages=["passwd", name])


def test_rule_for_a_script(compose):
    """ssl-cert's own postinst would make a private key: the rule's runs in its place, and dpkg's
    database keeps the package's."""
    own = "#!/bin/sh\nset -e\nmkdir -p /etc/ssl/private\ncat /proc/sys/kernel/random/uuid > " \
          "/etc/ssl/private/ssl-cert-snakeoil.key\n"
    compose.add("ssl-cert", scripts={"postinst": own})
    compose.write()
    compose.make()
    assert "\nssl-cert:x:" in compose.cat("/usr/etc/group")
    assert "snakeoil" not in compose.ostree("ls", "-R", "test/tree", "/usr/etc")
    assert compose.cat("/usr/lib/sysimage/dpkg/info/ssl-cert.postinst") == own


def test_bomb(compose):
    """Refused by what it says it is, before it takes the disk."""
    craft(compose, "bomb", tar_with("./usr/share/zeroes", 3 << 30))
    error = compose.fail(timeout=600)
    assert "‘bomb’" in error and "a thousand times its size" in error


@pytest.mark.parametrize("size, content", [(4096, b"short"), (3 << 20, b"x" * 4096)])
def test_file_shorter_than_it_says(compose, size, content):
    craft(compose, "liar", tar_with("./usr/share/liar", size, content))
    assert "‘liar’" in compose.fail(timeout=600)
