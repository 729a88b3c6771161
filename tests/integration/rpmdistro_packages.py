# SPDX-License-Identifier: LGPL-2.1-or-later
"""The packages of the test distribution: a base that runs (programs of this machine), and one
small package for each thing that an rpm can do."""
import dataclasses
import os
import pathlib
import subprocess

EPOCH = 1700000000


@dataclasses.dataclass
class File:
    """One line of %files, and what lies there."""
    path: str
    content: str | bytes = ""
    mode: str = "0644"
    user: str = "root"
    group: str = "root"
    flags: str = ""
    target: str | None = None
    same_as: str | None = None
    source: str | None = None
    directory: bool = False
    missing: bool = False

    def spec_line(self):
        mode = "-" if self.target is not None else self.mode
        words = [f"%attr({mode},{self.user},{self.group})", self.flags,
                 "%dir" if self.directory else "", f'"{self.path}"']
        return " ".join(word for word in words if word)


@dataclasses.dataclass
class Package:
    name: str
    files: list = dataclasses.field(default_factory=list)
    scripts: list = dataclasses.field(default_factory=list)
    head: list = dataclasses.field(default_factory=list)
    version: str = "1.0"
    release: str = "1"
    epoch: str = ""
    noarch: bool = True
    arch: str = "x86_64"
    summary: str = "Part of a test distribution"
    licence: str = "MIT"


def folder(path, mode="0755", **options):
    return File(path, mode=mode, directory=True, **options)


def link(path, target):
    return File(path, target=target)


def program(path, text, mode="0755", **options):
    return File(path, "#!/bin/sh\n" + text, mode=mode, **options)


def binary(path, source, mode="0755", **options):
    return File(path, source=os.path.realpath(source), mode=mode, **options)


def libraries(*programs):
    """The shared libraries that programs of this machine need, and their loader."""
    found = set()
    for name in programs:
        for line in subprocess.run(["ldd", name], capture_output=True, text=True,
                                   check=False).stdout.splitlines():
            words = line.split()
            path = words[2] if "=>" in words and len(words) > 2 else words[0]
            if path.startswith("/"):
                found.add(os.path.join(os.path.realpath(os.path.dirname(path)),
                                       os.path.basename(path)))
    return sorted(found)


COREUTILS = ("basename cat chgrp chmod chown cp cut date dirname env false head id install ln ls "
             "mkdir mktemp mv readlink rm rmdir sleep sort stat tail tee test touch tr true uniq "
             "uname wc").split()
TEXTUTILS = ["/usr/bin/grep", "/usr/bin/sed"]
SHADOW = ["/usr/sbin/useradd", "/usr/sbin/groupadd", "/usr/sbin/usermod", "/usr/bin/getent"]
UTIL = ["/usr/bin/setsid"]
SYSTEMD = ["/usr/bin/systemd-sysusers", "/usr/bin/systemctl"]
RPM = ["/usr/bin/rpm"]
LDCONFIG = "/usr/sbin/ldconfig"
BASE = ["filesystem", "setup", "glibc", "bash", "coreutils", "grep-sed", "shadow-utils",
        "util-linux-core", "systemd", "rpm"]

LOADER = "/usr/lib64/ld-linux-x86-64.so.2"


def filesystem():
    folders = ["/etc", "/usr", "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/lib64", "/usr/share",
               "/usr/lib/x86_64-linux-gnu", "/usr/include", "/usr/local", "/usr/local/bin",
               "/usr/share/doc", "/usr/share/man", "/usr/share/man/man1", "/usr/share/locale",
               "/usr/share/licenses", "/var", "/var/lib", "/var/log", "/var/cache", "/var/spool",
               "/boot", "/home", "/mnt", "/opt", "/srv", "/media", "/run", "/dev"]
    files = [folder(path) for path in folders]
    files += [folder("/root", "0550"), folder("/tmp", "1777"), folder("/var/tmp", "1777"),
              folder("/proc", "0555"), folder("/sys", "0555")]
    files += [link("/bin", "usr/bin"), link("/sbin", "usr/sbin"), link("/lib", "usr/lib"),
              link("/lib64", "usr/lib64"), link("/var/run", "../run"),
              File("/usr/share/locale/de", directory=True, mode="0755")]
    lua = ('-- before any package: there is no shell yet\n'
           'posix.mkdir("/usr")\nposix.mkdir("/proc")\nposix.chmod("/proc", 0555)')
    return Package("filesystem", files, [("pretrans -p <lua>", lua)],
                   ["Provides: filesystem(unmerged-sbin-symlinks)", "Requires(pre): setup"])


def setup():
    passwd = ("root:x:0:0:root:/root:/bin/bash\nbin:x:1:1:bin:/bin:/usr/sbin/nologin\n"
              "daemon:x:2:2:daemon:/sbin:/usr/sbin/nologin\n"
              "mail:x:8:12:mail:/var/spool/mail:/usr/sbin/nologin\n"
              "nobody:x:65534:65534:Kernel Overflow User:/:/usr/sbin/nologin\n")
    group = "root:x:0:\nbin:x:1:\ndaemon:x:2:\nmail:x:12:\nwheel:x:10:\nnobody:x:65534:\n"
    shadow = "".join(f"{line.split(':')[0]}:*:19000:0:99999:7:::\n"
                     for line in passwd.splitlines())
    gshadow = "".join(f"{line.split(':')[0]}:::\n" for line in group.splitlines())
    keep = "%config(noreplace)"
    return Package("setup", [
        File("/etc/passwd", passwd, flags=keep), File("/etc/group", group, flags=keep),
        File("/etc/shadow", shadow, "0000", flags=keep),
        File("/etc/gshadow", gshadow, "0000", flags=keep),
        File("/etc/profile", "umask 022\n", flags="%config"),
        File("/etc/shells", "/bin/sh\n/bin/bash\n", flags=keep),
        File("/etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\n", flags=keep),
        File("/etc/motd", "", flags=keep), folder("/etc/profile.d"),
        File("/etc/fstab", flags="%ghost %verify(not md5 size mtime)", missing=True),
        File("/var/log/lastlog", mode="0664", flags="%ghost", missing=True),
    ], [("post -p <lua>", 'for i, name in ipairs({"passwd", "shadow", "group", "gshadow"}) do\n'
                          '  os.remove("/etc/" .. name .. ".rpmnew")\nend')])


def glibc():
    used = [*(f"/usr/bin/{name}" for name in COREUTILS), *TEXTUTILS, *SHADOW, *UTIL, *SYSTEMD,
            *RPM, "/usr/bin/bash"]
    files = []
    for path in libraries(*used):
        name = pathlib.Path(path).name
        target = LOADER if name.startswith("ld-linux") else (
            path if path.startswith("/usr/") else "/usr" + path)
        files.append(binary(target, path))
    if any("/systemd/" in file.path for file in files):
        files.append(folder("/usr/lib/x86_64-linux-gnu/systemd"))
    locale = pathlib.Path("/usr/lib/locale/C.utf8")
    files += [folder("/usr/lib/locale"), folder("/usr/lib/locale/C.utf8"),
              folder("/usr/lib/locale/C.utf8/LC_MESSAGES")]
    files += [binary(str(path), path, "0644") for path in sorted(locale.rglob("*"))
              if path.is_file()]
    files += [binary("/usr/sbin/ldconfig", LDCONFIG),
              File("/etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n", flags="%config"),
              folder("/etc/ld.so.conf.d"),
              File("/etc/ld.so.conf.d/multiarch.conf", "/usr/lib/x86_64-linux-gnu\n"),
              File("/etc/ld.so.cache", mode="0644", missing=True,
                   flags="%ghost %verify(not md5 size mtime)"),
              folder("/var/cache/ldconfig", "0700")]
    return Package("glibc", files, [
        ("post -p /sbin/ldconfig", ""),
        ("transfiletriggerin -P 2000000 -p <lua> -- /lib /usr/lib /lib64 /usr/lib64",
         'rpm.execute("/sbin/ldconfig")'),
        ("transfiletriggerpostun -P 2000000 -p <lua> -- /lib /usr/lib /lib64 /usr/lib64",
         'rpm.execute("/sbin/ldconfig")'),
    ], ["Provides: /sbin/ldconfig", "Requires(pre): filesystem"], noarch=False)


def base():
    return [
        filesystem(), setup(), glibc(),
        Package("bash", [binary("/usr/bin/bash", "/usr/bin/bash"), link("/usr/bin/sh", "bash"),
                         folder("/etc/skel"),
                         File("/etc/skel/.bashrc", "# aliases\n", flags="%config(noreplace)"),
                         File("/usr/share/man/man1/bash.1", ".TH BASH 1\n", flags="%doc")],
                [("post -p <lua>", 'local file = io.open("/etc/shells", "a")\n'
                                   'file:write("/usr/bin/bash\\n")\nfile:close()')],
                ["Provides: /bin/sh", "Provides: /bin/bash", "Requires(pre): glibc"],
                version="5.2.15", noarch=False),
        Package("coreutils", [binary(f"/usr/bin/{name}", f"/usr/bin/{name}")
                              for name in COREUTILS],
                head=["Requires: glibc"], version="9.1", noarch=False, licence="GPL-3.0-or-later"),
        Package("grep-sed", [binary(path, path) for path in TEXTUTILS],
                head=["Requires: glibc"], noarch=False),
        Package("shadow-utils", [
            *(binary(path, path) for path in SHADOW),
            File("/etc/login.defs", "UID_MIN 1000\nUID_MAX 60000\nSYS_UID_MIN 201\n"
                 "SYS_UID_MAX 999\nGID_MIN 1000\nGID_MAX 60000\nSYS_GID_MIN 201\n"
                 "SYS_GID_MAX 999\nCREATE_HOME no\nUMASK 077\nENCRYPT_METHOD YESCRYPT\n",
                 flags="%config(noreplace)"),
            File("/etc/default/useradd", "GROUP=100\nHOME=/home\nSHELL=/bin/bash\nSKEL=/etc/skel\n",
                 "0600", flags="%config(noreplace)"), folder("/etc/default")],
                head=["Requires: glibc", "Requires: setup"], epoch="2", version="4.13",
                noarch=False),
        Package("util-linux-core", [binary(path, path) for path in UTIL],
                head=["Requires: glibc"], noarch=False),
        Package("systemd", [
            *(binary(path, path) for path in SYSTEMD), folder("/usr/lib/sysusers.d"),
            folder("/usr/lib/systemd"), folder("/usr/lib/systemd/system"),
            folder("/usr/lib/systemd/system-preset"), folder("/etc/systemd"),
            folder("/etc/systemd/system"),
            File("/usr/lib/systemd/system-preset/90-default.preset",
                 "enable service-on.service\ndisable *\n"),
            File("/usr/lib/systemd/system/multi-user.target", "[Unit]\nDescription=Multi-User\n"),
            File("/etc/machine-id", "", "0444", flags="%ghost", missing=True),
            File("/usr/lib/sysusers.d/basic.conf", "g input - -\n")],
                [("post", "systemd-sysusers\nsystemctl daemon-reload >/dev/null 2>&1 || :"),
                 ("transfiletriggerin -P 1000700 -- /usr/lib/sysusers.d", "systemd-sysusers || :"),
                 ("filetriggerin -P 1000500 -- /usr/lib/systemd/system /etc/systemd/system",
                  "cat > /dev/null\nsystemctl daemon-reload >/dev/null 2>&1 || :")],
                ["Requires(post): bash", "Requires(post): glibc", "Requires(post): coreutils",
                 "Requires(post): setup", "Requires(post): grep-sed"],
                version="252", noarch=False),
        Package("rpm", [
            *(binary(path, path) for path in RPM),
            *(binary(f"/usr/lib/rpm/{name}", f"/usr/lib/rpm/{name}", "0644")
              for name in ("macros", "rpmrc", "rpmpopt-4.18.0")
              if os.path.exists(f"/usr/lib/rpm/{name}")),
            folder("/usr/lib/rpm"), folder("/usr/lib/rpm/macros.d"),
            folder("/usr/lib/sysimage"), folder("/usr/lib/sysimage/rpm"),
            File("/usr/lib/rpm/macros.d/macros.dbpath", "%_dbpath /usr/lib/sysimage/rpm\n"),
            File("/usr/lib/sysimage/rpm/rpmdb.sqlite", flags="%ghost", missing=True)],
                head=["Requires: glibc", "Requires: bash"], version="4.18.0", noarch=False,
                licence="GPL-2.0-or-later AND LGPL-2.1-or-later"),
    ]


def features():
    watch = "/usr/share/watched"
    log = "/usr/share/trigger-log"
    return [
        Package("lang-demo", [
            folder("/usr/share/lang-demo"), File("/usr/share/lang-demo/data", "data\n"),
            folder("/usr/share/locale/de/LC_MESSAGES", flags="%lang(de)"),
            File("/usr/share/locale/de/LC_MESSAGES/demo.mo", "de\n", flags="%lang(de)"),
            folder("/usr/share/locale/fr", flags="%lang(fr)"),
            folder("/usr/share/locale/fr/LC_MESSAGES", flags="%lang(fr)"),
            File("/usr/share/locale/fr/LC_MESSAGES/demo.mo", "fr\n", flags="%lang(fr)"),
            folder("/usr/share/doc/lang-demo"),
            File("/usr/share/doc/lang-demo/README", "read me\n", flags="%doc"),
            folder("/usr/share/licenses/lang-demo"),
            File("/usr/share/licenses/lang-demo/COPYING", "MIT\n", flags="%license"),
            File("/usr/share/man/man1/demo.1", ".TH DEMO 1\n", flags="%doc")],
                head=["Requires: (lang-pack if bash)", "Recommends: weak-recommended",
                      "Suggests: weak-suggested"]),
        Package("lang-pack", [File("/usr/share/lang-pack", "rich\n")]),
        Package("weak-recommended", [File("/usr/share/weak-recommended", "")]),
        Package("weak-suggested", [File("/usr/share/weak-suggested", "")]),
        Package("weak-supplement", [File("/usr/share/weak-supplement", "")],
                head=["Supplements: (lang-demo and bash)"]),
        Package("caps-demo", [
            binary("/usr/bin/caps-demo", "/usr/bin/true",
                   flags="%caps(cap_net_raw,cap_net_admin=ep)")], noarch=False),
        Package("suid-demo", [
            binary("/usr/bin/suid-demo", "/usr/bin/true", "4755"),
            binary("/usr/bin/sgid-demo", "/usr/bin/true", "2755", group="mail"),
            folder("/usr/share/suid-demo", "2775", group="mail"),
            File("/usr/share/suid-demo/secret", "s\n", "0640", group="mail")], noarch=False,
                head=["Requires(pre): setup"]),
        Package("hardlink-demo", [
            File("/usr/share/hardlink-demo/one", "same\n" * 100),
            File("/usr/share/hardlink-demo/two", same_as="/usr/share/hardlink-demo/one"),
            File("/usr/share/hardlink-demo/three", same_as="/usr/share/hardlink-demo/one"),
            folder("/usr/share/hardlink-demo")]),
        Package("config-demo", [
            File("/etc/config-demo.conf", "a = 1\n", flags="%config(noreplace)"),
            File("/etc/config-demo.replaced", "b = 2\n", "0600", flags="%config"),
            File("/etc/config-demo.lax", "c = 3\n", flags="%verify(not md5 size mtime)"),
            File("/etc/config-demo.ghost", flags="%ghost", missing=True),
            folder("/var/lib/config-demo", "0750"),
            File("/var/lib/config-demo/state", "first\n", "0600"),
            File("/var/lib/config-demo/later", flags="%ghost", missing=True)],
                [("post", "echo changed >> /etc/config-demo.lax")]),
        Package("user-useradd", [
            folder("/var/lib/svc-a", "0700", user="svc-a", group="svc-a"),
            File("/etc/svc-a.conf", "x\n", "0640", user="root", group="svc-a",
                 flags="%config(noreplace)"),
            folder("/usr/share/svc-a", user="svc-a", group="svc-a"),
            binary("/usr/bin/svc-a", "/usr/bin/true", "4750", group="svc-a"),
            File("/usr/share/svc-a/own", "y\n", user="svc-a", group="svc-a")],
                [("pre", "getent group svc-a >/dev/null || groupadd -r svc-a\n"
                         "getent passwd svc-a >/dev/null || useradd -r -g svc-a -d /var/lib/svc-a "
                         "-s /usr/sbin/nologin -c 'Service A' svc-a\nexit 0")],
                ["Requires(pre): shadow-utils", "Requires(pre): setup", "Requires(pre): bash"],
                noarch=False),
        Package("user-static", [
            folder("/usr/share/svc-static", user="svc-static", group="svc-static")],
                [("pre", "groupadd -g 77 -r svc-static 2>/dev/null || :\n"
                         "useradd -r -u 77 -g 77 -d / -s /usr/sbin/nologin svc-static "
                         "2>/dev/null || :")],
                ["Requires(pre): shadow-utils", "Requires(pre): bash"]),
        Package("user-sysusers", [
            File("/usr/lib/sysusers.d/svc-b.conf", 'u svc-b - "Service B" /var/lib/svc-b\n'),
            folder("/var/lib/svc-b", "0750", user="svc-b", group="svc-b"),
            folder("/usr/share/svc-b", user="svc-b", group="svc-b"),
            File("/usr/share/svc-b/data", "z\n", "0600", user="svc-b", group="svc-b")],
                [("pre", "echo 'u svc-b - \"Service B\" /var/lib/svc-b' | "
                         "systemd-sysusers --replace=/usr/lib/sysusers.d/svc-b.conf -")],
                ["Requires(pre): systemd", "Requires(pre): setup"]),
        Package("lua-demo", [folder("/usr/share/lua-demo")], [
            ("pretrans -p <lua>", 'if posix.stat("/no-such-place") then error("there") end'),
            ("pre -p <lua>", 'local number = 1 + tonumber("41")\n'
                             'if number ~= 42 then error("no arithmetic") end'),
            ("post -p <lua>",
             'local file = io.open("/usr/share/lua-demo/made", "w")\n'
             'file:write(rpm.expand("%{?_vendor}%{nil}") and "made by lua\\n" or "")\n'
             'file:close()\nposix.symlink("made", "/usr/share/lua-demo/link")\n'
             'posix.mkdir("/usr/share/lua-demo/dir")\n'
             'posix.chmod("/usr/share/lua-demo/made", "rw-r-----")'),
            ("posttrans -p <lua>", 'local file = io.open("/usr/share/lua-demo/last", "w")\n'
                                   'for i, name in ipairs(posix.dir("/usr/share/lua-demo")) do\n'
                                   '  if name == "made" then file:write(name, "\\n") end\nend\n'
                                   'file:close()')]),
        Package("trigger-watch", [folder(log), folder(watch)], [
            ("triggerprein -- trigger-target", f"echo prein $1 $2 >> {log}/classic"),
            ("triggerin -- trigger-target", f"echo in $1 $2 >> {log}/classic"),
            ("triggerun -- trigger-target", f"echo un $1 $2 >> {log}/never"),
            ("triggerpostun -- trigger-target", f"echo postun $1 $2 >> {log}/never"),
            (f"filetriggerin -- {watch}", f"sort >> {log}/files"),
            (f"filetriggerun -- {watch}", f"sort >> {log}/never"),
            (f"filetriggerpostun -- {watch}", f"sort >> {log}/never"),
            (f"transfiletriggerin -- {watch}", f"sort > {log}/transaction"),
            (f"transfiletriggerun -- {watch}", f"sort > {log}/never"),
            (f"transfiletriggerpostun -- {watch}", f"sort > {log}/never")],
                ["Requires(pre): coreutils", "Requires: bash"]),
        Package("trigger-target", [File(f"{watch}/one", "1\n"), File(f"{watch}/two", "2\n")],
                head=["Requires(pre): trigger-watch"]),
        Package("all-scripts", [folder("/usr/share/all-scripts")], [
            ("pre", "test $1 = 1"),
            ("post", "echo post $1 >> /usr/share/all-scripts/log"),
            ("preun", "echo preun >> /usr/share/all-scripts/never"),
            ("postun", "echo postun >> /usr/share/all-scripts/never"),
            ("posttrans", "echo posttrans $1 >> /usr/share/all-scripts/log"),
            ("verifyscript", "test -s /usr/share/all-scripts/log"),
        ], ["Requires(pre): bash", "Requires(pre): coreutils", "Requires(post): coreutils"]),
        Package("post-true", [File("/usr/share/post-true", "")],
                [("post -p /usr/bin/true", "")], ["Requires(post): coreutils"]),
        Package("service-on", [
            File("/usr/lib/systemd/system/service-on.service",
                 "[Unit]\nDescription=on\n[Service]\nExecStart=/usr/bin/true\n"
                 "[Install]\nWantedBy=multi-user.target\n")],
                [("post", "systemctl --no-reload preset service-on.service || :\n"
                          "systemctl start service-on.service >/dev/null 2>&1 || :")],
                ["Requires(post): systemd"]),
        Package("service-off", [
            File("/usr/lib/systemd/system/service-off.service",
                 "[Unit]\nDescription=off\n[Service]\nExecStart=/usr/bin/true\n"
                 "[Install]\nWantedBy=multi-user.target\n")],
                [("post", "systemctl --no-reload preset service-off.service || :")],
                ["Requires(post): systemd"]),
        Package("old-name", [File("/usr/share/old-name", "old\n")]),
        Package("new-name", [File("/usr/share/new-name", "new\n")], version="2.0",
                head=["Obsoletes: old-name < 2", "Provides: old-name = 2"]),
        Package("epoch-demo", [File("/usr/share/epoch-demo", "epoch\n")], epoch="2",
                version="1.0~rc1"),
        Package("caret-demo", [File("/usr/share/caret-demo", "caret\n")],
                version="1.0^20231114git"),
        Package("symlink-demo", [
            folder("/usr/share/symlink-demo"), folder("/usr/share/symlink-demo/real"),
            File("/usr/share/symlink-demo/real/file", "real\n"),
            link("/usr/share/symlink-demo/dir", "real"),
            link("/usr/share/symlink-demo/absolute", "/usr/share/symlink-demo/real/file"),
            link("/usr/share/symlink-demo/dangling", "nowhere"),
            File("/usr/share/symlink-demo/with space", "space\n"),
            File("/usr/share/symlink-demo/grüße", "utf-8\n")]),
        Package("shared-a", [folder("/usr/share/shared"), File("/usr/share/shared/same", "same\n"),
                             File("/usr/share/shared/a", "a\n")]),
        Package("shared-b", [folder("/usr/share/shared"), File("/usr/share/shared/same", "same\n"),
                             File("/usr/share/shared/b", "b\n")]),
        Package("usrmerge-demo", [File("/lib/usrmerge-demo", "moved\n"),
                                  program("/sbin/usrmerge-demo", "true\n")],
                head=["Requires(pre): filesystem"]),
        Package("big-demo", [File("/usr/share/big-demo",
                                  b"".join(b"%015d\n" % number for number in range(131072)))]),
        Package("meta-demo", head=["Requires: caps-demo", "Requires: suid-demo"]),
        Package("writes-everywhere", [], [
            ("post", "mkdir -p /var/lib/made /etc/made.d\necho v > /var/lib/made/file\n"
                     "echo e > /etc/made.d/file\nrm -f /etc/motd\n"
                     "ln -sf made.d/file /etc/made-link\nchmod 0711 /etc/made.d")],
                ["Requires(post): coreutils", "Requires(post): setup"]),
    ]


def newer():
    """Packages as they are for a newer rpm than this machine's; dnf here makes less of them."""
    return [
        Package("user-implicit", [
            File("/usr/lib/sysusers.d/svc-c.conf", 'u svc-c - "Service C" /\n'),
            folder("/usr/share/svc-c", user="svc-c", group="svc-c"),
            File("/usr/share/svc-c/data", "c\n", "2640", user="svc-c", group="svc-c")],
                head=["Requires(pre): systemd"]),
    ]


def faults():
    """Packages that are wrong on purpose; nothing requires them."""
    return [
        Package("conflict-a", [File("/usr/share/conflict", "a\n")]),
        Package("conflict-b", [File("/usr/share/conflict", "b\n")]),
        Package("bad-fail", scripts=[("post", "echo what went wrong\nexit 7")],
                head=["Requires(post): bash"]),
        Package("bad-pre", scripts=[("pre", "echo cannot begin >&2\nexit 3")],
                head=["Requires(pre): bash"]),
        Package("bad-loop", scripts=[("post", "sleep 1000")],
                head=["Requires(post): coreutils"]),
        Package("bad-lua-loop", scripts=[("post -p <lua>", "while true do end")]),
        Package("bad-lua", scripts=[("post -p <lua>", 'error("lua says no")')]),
        Package("bad-fork", [folder("/usr/share/bad-fork")],
                [("post", "setsid sh -c 'sleep 2; echo late > /usr/share/bad-fork/late' "
                          "</dev/null >/dev/null 2>&1 &\nexit 0")],
                ["Requires(post): util-linux-core", "Requires(post): coreutils"]),
        Package("bad-proc", scripts=[
            ("post", "for name in core_pattern sysrq hostname; do\n"
                     "  (echo 1 > /proc/sys/kernel/$name) 2>/dev/null && exit 0\n"
                     "done\nexit 9")],
                head=["Requires(post): bash"]),
        Package("bad-user", [File("/usr/share/bad-user", "", user="nobody-made-me",
                                  group="nobody-made-me")]),
        Package("bad-escape", scripts=[
            ("pre -p <lua>",
             'for number = 0, 255 do\n'
             '  for depth = 0, 6 do\n'
             '    local place = "/proc/self/fd/" .. number .. string.rep("/..", depth)\n'
             '    if posix.stat(place .. "/usr/bin/rpmbuild") then error("out by " .. place) end\n'
             '  end\nend'),
            ("post", "for place in /proc/1/root /proc/1/cwd /proc/1/fd/* /proc/self/root; do\n"
                     "  for up in . .. ../.. ../../..; do\n"
                     "    if test -e $place/$up/usr/bin/rpmbuild; then\n"
                     "      echo out by $place/$up\n      exit 8\n    fi\n"
                     "  done\ndone\n"
                     "if readlink /proc/1/root; then echo open; exit 7; fi\nexit 0")],
                head=["Requires(post): coreutils", "Requires(post): grep-sed"]),
    ]


def all_packages():
    return base() + features() + newer() + faults()
