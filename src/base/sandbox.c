/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Builds the bubblewrap command line of a sandbox and runs it.
 */
#include "base/sandbox.h"

#include <unistd.h>

/* What package scripts may do: own files of any user, change user, bind nothing, mount nothing. */
static const char *const capabilities[] = {
    "CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER",
    "CAP_FSETID",  "CAP_KILL",         "CAP_SETGID",          "CAP_SETUID",
    "CAP_SETFCAP", "CAP_SETPCAP",      "CAP_SYS_CHROOT",      NULL,
};

static const char *const default_env[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root",
    "LC_ALL=C.UTF-8",
    "SOURCE_DATE_EPOCH=0",
    NULL,
};

static void add(GPtrArray *argv, const char *text)
{
    g_ptr_array_add(argv, g_strdup(text));
}

/* No --new-session: base_run() starts a session, and all that is in its group when the run is
 * cancelled ends with it. */
static void add_fixed(GPtrArray *argv)
{
    static const char *const fixed[] = {
        "bwrap",      "--unshare-ipc", "--unshare-pid",        "--unshare-net", "--unshare-uts",
        "--hostname", "atoll",         "--unshare-cgroup-try", "--clearenv",    "--die-with-parent",
        NULL,
    };
    for (const char *const *arg = fixed; *arg != NULL; arg++)
        add(argv, *arg);
    add(argv, "--cap-drop");
    add(argv, "ALL");
    for (const char *const *capability = capabilities; *capability != NULL; capability++) {
        add(argv, "--cap-add");
        add(argv, *capability);
    }
}

/* Of the whole machine, and writable for uid 0 without any capability: a core_pattern names a
 * program that the kernel runs outside. bwrap leaves /proc/sys open where it runs as root. */
static void cover_proc(GPtrArray *argv, const char *root)
{
    static const char *const places[] = {
        "/proc/sys",  "/proc/sysrq-trigger", "/proc/irq",  "/proc/bus", "/proc/fs",
        "/proc/scsi", "/proc/acpi",          "/proc/mtrr", NULL};
    for (const char *const *place = places; *place != NULL; place++) {
        if (access(*place, F_OK) != 0)
            continue;
        add(argv, "--ro-bind");
        add(argv, *place);
        g_ptr_array_add(argv, g_strconcat(root, *place, NULL));
    }
}

static void add_mounts(GPtrArray *argv, const BaseSandbox *sandbox)
{
    add(argv, sandbox->root_writable ? "--bind" : "--ro-bind");
    add(argv, sandbox->root);
    add(argv, "/");
    static const char *const standard[] = {"--proc", "/proc",   "--dev", "/dev", "--tmpfs",
                                           "/tmp",   "--tmpfs", "/run",  NULL};
    for (const char *const *arg = standard; *arg != NULL; arg++)
        add(argv, *arg);
    cover_proc(argv, "");
    for (const BaseSandboxBind *bind = sandbox->binds; bind != NULL && bind->target != NULL;
         bind++) {
        if (bind->source == NULL) {
            add(argv, "--tmpfs");
        } else {
            add(argv, bind->writable ? "--bind" : "--ro-bind");
            add(argv, bind->source);
        }
        add(argv, bind->target);
    }
}

static void add_inner_root(GPtrArray *argv, const char *path)
{
    static const struct {
        const char *option;
        const char *target;
    } mounts[] = {
        {"--proc", "/proc"}, {"--dev", "/dev"},       {"--tmpfs", "/tmp"},
        {"--tmpfs", "/run"}, {"--tmpfs", "/var/tmp"},
    };
    static const char *const options[] = {"--as-pid-1", "--cap-add", "CAP_SYS_ADMIN", "--bind",
                                          NULL};
    for (const char *const *option = options; *option != NULL; option++)
        add(argv, *option);
    add(argv, path);
    add(argv, path);
    for (size_t i = 0; i < G_N_ELEMENTS(mounts); i++) {
        add(argv, mounts[i].option);
        g_ptr_array_add(argv, g_strconcat(path, mounts[i].target, NULL));
    }
    cover_proc(argv, path);
}

static void add_env(GPtrArray *argv, const char *const *env)
{
    for (const char *const *entry = env; *entry != NULL; entry++) {
        g_auto(GStrv) pair = g_strsplit(*entry, "=", 2);
        if (pair[0] == NULL || pair[1] == NULL)
            continue;
        add(argv, "--setenv");
        add(argv, pair[0]);
        add(argv, pair[1]);
    }
}

bool base_sandbox_run(const BaseSandbox *sandbox, char **out_output, GCancellable *cancellable,
                      GError **error)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
    add_fixed(argv);
    add_mounts(argv, sandbox);
    if (sandbox->inner_root != NULL)
        add_inner_root(argv, sandbox->inner_root);
    add_env(argv, sandbox->run.env != NULL ? sandbox->run.env : default_env);
    if (sandbox->run.cwd != NULL) {
        add(argv, "--chdir");
        add(argv, sandbox->run.cwd);
    }
    add(argv, "--");
    for (const char *const *arg = sandbox->run.argv; *arg != NULL; arg++)
        add(argv, *arg);
    g_ptr_array_add(argv, NULL);

    BaseRun run = sandbox->run;
    run.argv = (const char *const *)argv->pdata;
    run.env = NULL;
    run.cwd = NULL;
    if (run.name == NULL)
        run.name = sandbox->run.argv[0];
    return base_run(&run, out_output, cancellable, error);
}
