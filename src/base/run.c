/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Child processes: one blocking call, output by lines, and an error that carries the end of
 * what the child said.
 */
#include "base/run.h"

#include "base/error.h"
#include "base/fd.h"

#include <errno.h>
#include <gio/gunixinputstream.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define TAIL_LINES 12
#define OUTPUT_MAX_BYTES (16 * 1024 * 1024)
/* how long the end of those that were killed is waited for */
#define END_MAX_US (30 * G_USEC_PER_SEC)
/* ENOSPC as programs in locale C say it */
#define NO_SPACE "No space left on device"

/* A session of its own: Ctrl-C at a terminal is for us, who then end the child, and no program
 * can type into a terminal that it has not got. */
static void set_up_child(void *data)
{
    const BaseRun *run = data;
    (void)setsid();
    if ((run->flags & BASE_RUN_DIE_WITH_PARENT) != 0)
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static bool set_stdin(GSubprocessLauncher *launcher, GBytes *bytes, GError **error)
{
    base_autofd fd = memfd_create("stdin", MFD_CLOEXEC);
    if (fd < 0)
        return base_error_set_errno(error, errno, "making a memory file");
    size_t size_bytes = 0;
    const void *data = g_bytes_get_data(bytes, &size_bytes);
    if (!base_fd_write_all(fd, data, size_bytes, error))
        return false;
    (void)lseek(fd, 0, SEEK_SET);
    g_subprocess_launcher_take_stdin_fd(launcher, base_fd_steal(&fd));
    return true;
}

static GSubprocess *start(const BaseRun *run, GError **error)
{
    g_autoptr(GSubprocessLauncher) launcher =
        g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
    if (run->cwd != NULL)
        g_subprocess_launcher_set_cwd(launcher, run->cwd);
    if (run->env != NULL)
        g_subprocess_launcher_set_environ(launcher, (char **)run->env);
    g_subprocess_launcher_set_child_setup(launcher, set_up_child, (void *)run, NULL);
    if (run->stdin_bytes != NULL && !set_stdin(launcher, run->stdin_bytes, error))
        return NULL;
    return g_subprocess_launcher_spawnv(launcher, run->argv, error);
}

static char *tail_of(const GString *output)
{
    const char *start = output->str + output->len;
    unsigned lines = 0;
    while (start > output->str && lines <= TAIL_LINES) {
        start--;
        if (*start == '\n' && start[1] != '\0')
            lines++;
    }
    if (*start == '\n')
        start++;
    g_auto(GStrv) split = g_strsplit(start, "\n", -1);
    g_autoptr(GString) tail = g_string_new(NULL);
    for (char **line = split; *line != NULL; line++)
        if (**line != '\0')
            g_string_append_printf(tail, "\n  | %s", *line);
    return g_utf8_make_valid(tail->str, -1);
}

/* "configuring packages: ‘dpkg’", or only the one or the other. */
static char *subject_of(const BaseRun *run)
{
    const char *name = run->name != NULL ? run->name : run->argv[0];
    if (run->what != NULL && *name == '\0')
        return g_strdup(run->what);
    return run->what != NULL ? g_strdup_printf("%s: ‘%s’", run->what, name)
                             : g_strdup_printf("‘%s’", name);
}

static bool set_child_error(const BaseRun *run, GSubprocess *child, const GString *output,
                            GError **error)
{
    g_autofree char *subject = subject_of(run);
    g_autofree char *tail = tail_of(output);
    BaseError code = strstr(tail, NO_SPACE) != NULL ? BASE_ERROR_NO_SPACE : BASE_ERROR_CHILD;
    if (g_subprocess_get_if_signaled(child))
        return base_error_set(error, code, "%s was killed by signal %d%s", subject,
                              g_subprocess_get_term_sig(child), tail);
    return base_error_set(error, code, "%s failed with exit status %d%s", subject,
                          g_subprocess_get_exit_status(child), tail);
}

static bool read_output(const BaseRun *run, GSubprocess *child, GString *output,
                        GCancellable *cancellable, GError **error)
{
    g_autoptr(GDataInputStream) lines =
        g_data_input_stream_new(g_subprocess_get_stdout_pipe(child));
    for (;;) {
        g_autoptr(GError) local = NULL;
        g_autofree char *line = g_data_input_stream_read_line(lines, NULL, cancellable, &local);
        if (local != NULL) {
            g_propagate_error(error, g_steal_pointer(&local));
            return false;
        }
        if (line == NULL)
            return true;
        if (run->on_line != NULL)
            run->on_line(line, run->user_data);
        if (output->len > OUTPUT_MAX_BYTES)
            g_string_erase(output, 0, OUTPUT_MAX_BYTES / 2);
        g_string_append_printf(output, "%s\n", line);
    }
}

/* The whole group is killed, for the sake of bwrap: while it sets up a sandbox, nothing ends the
 * sandbox with it, and for a moment what is to become the sandbox waits for its word for ever. Only
 * the first process is waited for. The others all have its output, which is at its end when none of
 * them is left. */
static void end_child(GSubprocess *child)
{
    const char *pid = g_subprocess_get_identifier(child);
    if (pid != NULL)
        (void)kill(-(pid_t)g_ascii_strtoll(pid, NULL, 10), SIGKILL);
    g_subprocess_force_exit(child);
    (void)g_subprocess_wait(child, NULL, NULL);
    GInputStream *pipe = g_subprocess_get_stdout_pipe(child);
    int fd = g_unix_input_stream_get_fd(G_UNIX_INPUT_STREAM(pipe));
    int64_t until_us = g_get_monotonic_time() + END_MAX_US;
    for (;;) {
        char ignored[4096];
        int64_t left_ms = (until_us - g_get_monotonic_time()) / 1000;
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (left_ms <= 0 || poll(&wait, 1, (int)left_ms) <= 0 ||
            read(fd, ignored, sizeof ignored) <= 0)
            return;
    }
}

bool base_run(const BaseRun *run, char **out_output, GCancellable *cancellable, GError **error)
{
    g_autoptr(GSubprocess) child = start(run, error);
    if (child == NULL) {
        g_prefix_error(error, "starting ‘%s’: ", run->argv[0]);
        return false;
    }
    g_autoptr(GString) output = g_string_new(NULL);
    if (!read_output(run, child, output, cancellable, error)) {
        end_child(child);
        return false;
    }
    if (!g_subprocess_wait(child, cancellable, error)) {
        end_child(child);
        return false;
    }
    if (!g_subprocess_get_successful(child))
        return set_child_error(run, child, output, error);
    if (out_output != NULL)
        *out_output = g_string_free(g_steal_pointer(&output), FALSE);
    return true;
}

bool base_run_simple(const char *what, GError **error, const char *argv0, ...)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    va_list args;
    va_start(args, argv0);
    for (const char *arg = argv0; arg != NULL; arg = va_arg(args, const char *))
        g_ptr_array_add(argv, (void *)arg);
    va_end(args);
    g_ptr_array_add(argv, NULL);
    BaseRun run = {.argv = (const char *const *)argv->pdata, .what = what};
    return base_run(&run, NULL, NULL, error);
}
