/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What appliers share: records, children, services.
 */
#include "provision/apply/apply.h"

#include "base/error.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAFE_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

const char *provision_apply_stage_name(ProvisionStage stage)
{
    switch (stage) {
    case PROVISION_STAGE_LOCAL:
        return "local";
    case PROVISION_STAGE_NETWORK:
        return "network";
    case PROVISION_STAGE_CONFIG:
        return "config";
    case PROVISION_STAGE_FINAL:
        return "final";
    }
    g_assert_not_reached();
}

void provision_apply_outcome(ProvisionApply *self, const ProvisionPlace *at, bool good,
                             bool changed, GError *local)
{
    if (!good || local != NULL)
        provision_report_add(self->report, at, PROVISION_FAILED, "%s",
                             local != NULL ? local->message : "unknown error");
    else
        provision_report_add(self->report, at, changed ? PROVISION_APPLIED : PROVISION_UNCHANGED,
                             NULL);
    g_clear_error(&local);
}

bool provision_apply_has(const ProvisionPlace *at)
{
    return at->key != NULL || at->source != NULL;
}

typedef struct {
    int root;
    bool change_root;
} Child;

static void set_up_child(void *data)
{
    const Child *child = data;
    (void)setsid();
    if (child->change_root && (fchdir(child->root) < 0 || chroot(".") < 0))
        _exit(126);
    if (chdir("/") < 0)
        _exit(126);
}

/* A log that cannot be written is no reason to stop what it would tell of. */
static void write_quietly(int fd, const char *data, size_t size)
{
    g_autoptr(GError) ignored = NULL;
    if (!base_fd_write_all(fd, data, size, &ignored))
        g_debug("%s", ignored->message);
}

void provision_apply_say(ProvisionApply *self, const char *text)
{
    ProvisionOutput output = {0};
    base_autofd log = provision_apply_open_output(self, &output);
    if (log >= 0)
        write_quietly(log, text, strlen(text));
    if (output.console && provision_root_is_running(self->root))
        write_quietly(STDOUT_FILENO, text, strlen(text));
}

/* Appends what the child says to the output log as it comes, and to our own output: the console. */
static bool copy_output(ProvisionApply *self, GInputStream *from)
{
    ProvisionOutput output = {0};
    base_autofd log = provision_apply_open_output(self, &output);
    for (;;) {
        char buffer[16384];
        gssize size = g_input_stream_read(from, buffer, sizeof buffer, self->cancellable, NULL);
        if (size <= 0)
            return size == 0;
        if (log >= 0)
            write_quietly(log, buffer, (size_t)size);
        if (output.console && provision_root_is_running(self->root))
            write_quietly(STDOUT_FILENO, buffer, (size_t)size);
    }
}

static GSubprocess *start_child(ProvisionApply *self, Child *child, const char *const *argv,
                                const char *const *env, GError **error)
{
    g_autoptr(GSubprocessLauncher) launcher =
        g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
    if (!provision_root_is_running(self->root)) {
        const char *const clean[] = {"PATH=" SAFE_PATH, "HOME=/root", "LANG=C.UTF-8", NULL};
        g_subprocess_launcher_set_environ(launcher, (char **)clean);
    } else if (g_getenv("PATH") == NULL) {
        g_subprocess_launcher_setenv(launcher, "PATH", SAFE_PATH, TRUE);
    }
    for (const char *const *pair = env; pair != NULL && *pair != NULL; pair++) {
        g_auto(GStrv) split = g_strsplit(*pair, "=", 2);
        g_subprocess_launcher_setenv(launcher, split[0], split[1], TRUE);
    }
    g_subprocess_launcher_set_child_setup(launcher, set_up_child, child, NULL);
    return g_subprocess_launcher_spawnv(launcher, argv, error);
}

bool provision_apply_run(ProvisionApply *self, const char *const *argv, const char *const *env,
                         GError **error)
{
    Child child = {provision_root_fd(self->root), !provision_root_is_running(self->root)};
    if (child.change_root && geteuid() != 0)
        return base_error_set(error, BASE_ERROR_CHILD,
                              "programs of another root are run by root only");
    g_autoptr(GSubprocess) process = start_child(self, &child, argv, env, error);
    if (process == NULL)
        return false;
    if (!copy_output(self, g_subprocess_get_stdout_pipe(process)) &&
        g_cancellable_is_cancelled(self->cancellable))
        g_subprocess_force_exit(process);
    if (!g_subprocess_wait(process, NULL, error))
        return false;
    if (g_cancellable_set_error_if_cancelled(self->cancellable, error))
        return false;
    if (g_subprocess_get_if_signaled(process))
        return base_error_set(error, BASE_ERROR_CHILD, "‘%s’ was ended by signal %d", argv[0],
                              g_subprocess_get_term_sig(process));
    if (g_subprocess_get_exit_status(process) != 0)
        return base_error_set(error, BASE_ERROR_CHILD,
                              "‘%s’ ended with exit status %d; its output is in ‘%s’", argv[0],
                              g_subprocess_get_exit_status(process), PROVISION_APPLY_OUTPUT_LOG);
    return true;
}

bool provision_apply_has_systemd(ProvisionApply *self)
{
    return provision_root_is_running(self->root) && access("/run/systemd/system", F_OK) == 0;
}

void provision_apply_systemctl(ProvisionApply *self, const char *verb, const char *unit)
{
    const char *const argv[] = {"systemctl", "--no-block", verb, unit, NULL};
    g_autoptr(GError) ignored = NULL;
    if (provision_apply_has_systemd(self) && !provision_apply_run(self, argv, NULL, &ignored))
        g_debug("systemctl %s: %s", verb, ignored->message);
}
