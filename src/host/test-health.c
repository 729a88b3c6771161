/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files of checks: what they mean, what is refused and where; drop-ins; time limits; the file of
 * results.
 */
#include "host/health.h"

#include "base/fd.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    const char *text;
    unsigned n_checks;
    const char *error; /* a part of it */
} Row;

static const Row rows[] = {
    {"{}", 0, NULL},
    {"", 0, "empty"},
    {"units: [a.service, b.socket]", 2, NULL},
    {"no-failed-units: true", 1, NULL},
    {"no-failed-units: false", 0, NULL},
    {"time-in-sync: true\nresolve: [example.org]\nurl: ['https://example.org/x']", 3, NULL},
    {"free-space: {/: 500M, /var: 10%}", 2, NULL},
    {"units: [a.service]\ntimeout-seconds: 5\nwait-seconds: 0", 1, NULL},
    {"unit: [a.service]", 0, "f.yaml:1:1: unknown key ‘unit’"},
    {"units: a.service", 0, "f.yaml:1:8:"},
    {"units: [sshd]", 0, "such as sshd.service"},
    {"units: [--help.service]", 0, "such as sshd.service"},
    {"url: [ftp://x]", 0, "https://"},
    {"resolve: ['a b']", 0, "a host name"},
    {"free-space: {/: much}", 0, "f.yaml:1:17: ‘free-space’ has ‘much’"},
    {"free-space: {var: 1G}", 0, "a path"},
    {"free-space: {/: 101%}", 0, "10%"},
    {"time-in-sync: yes please", 0, "time-in-sync"},
    {"units: [a.service]\ntimeout-seconds: 0", 0, "f.yaml:2:18:"},
    {"units: [a.service]\nwait-seconds: 901", 0, "from 0 to 900"},
    {"- units", 0, "f.yaml:1:1"},
};

static void test_files(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) checks = host_health_plan_new();
        g_autoptr(GBytes) bytes = g_bytes_new_static(rows[i].text, strlen(rows[i].text));
        bool ok = host_health_plan_read(checks, "d/f.yaml", true, bytes, &error);
        g_test_message("%s: %s", rows[i].text, error != NULL ? error->message : "good");
        g_assert_true(ok == (rows[i].error == NULL));
        if (error != NULL)
            g_assert_nonnull(strstr(error->message, rows[i].error));
        g_assert_cmpuint(checks->len, ==, rows[i].n_checks);
    }
}

static void write_file(const char *dir, const char *name, const char *text, int mode)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_autofree char *parent = g_path_get_dirname(path);
    g_assert_cmpint(g_mkdir_with_parents(parent, 0755), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    g_assert_cmpint(g_chmod(path, mode), ==, 0);
}

static const HostHealthResult *find(const HostHealth *health, const char *name)
{
    for (unsigned i = 0; i < health->results->len; i++) {
        const HostHealthResult *result = health->results->pdata[i];
        if (strcmp(result->name, name) == 0)
            return result;
    }
    return NULL;
}

static const HostHealthResult *get(const HostHealth *health, const char *name)
{
    const HostHealthResult *result = find(health, name);
    g_assert(result != NULL);
    return result;
}

static void test_run(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_dir_make_tmp("health-XXXXXX", &error);
    g_autofree char *weak = g_build_filename(dir, "weak", NULL);
    g_autofree char *strong = g_build_filename(dir, "strong", NULL);
    g_autofree char *hidden = g_build_filename(strong, "required.d/20-hidden", NULL);
    write_file(weak, "required.d/10-good", "#!/bin/sh\nexit 0\n", 0755);
    write_file(weak, "required.d/20-hidden", "#!/bin/sh\nexit 1\n", 0755);
    write_file(weak, "required.d/30-changed", "#!/bin/sh\nexit 1\n", 0755);
    write_file(weak, "required.d/40-not-run", "#!/bin/sh\nexit 1\n", 0644);
    write_file(weak, "required.d/50-space.yaml", "free-space: {/: 0%}\n", 0644);
    write_file(strong, "required.d/30-changed", "#!/bin/sh\nexit 0\n", 0755);
    write_file(strong, "wanted.d/10-bad", "#!/bin/sh\necho 'the lamp is out'\nexit 4\n", 0755);
    g_assert_cmpint(symlink("/dev/null", hidden), ==, 0);
    const char *const dirs[] = {weak, strong, "/nonexistent", NULL};
    g_autoptr(GPtrArray) checks = host_health_plan_load(dirs, &error);
    g_assert_no_error(error);
    g_autoptr(HostHealth) health = host_health_run(checks, HOST_HEALTH_NOW, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(health->results->len, ==, 4);
    g_assert_true(get(health, "10-good")->passed);
    g_assert_true(get(health, "30-changed")->passed);
    g_assert_true(get(health, "50-space.yaml: free-space /")->passed);
    g_assert_null(find(health, "20-hidden"));
    const HostHealthResult *bad = get(health, "10-bad");
    g_assert_false(bad->passed || bad->required);
    g_assert_cmpstr(bad->text, ==, "the lamp is out");
    g_assert_cmpuint(host_health_count(health, true), ==, 0);
    g_assert_cmpuint(host_health_count(health, false), ==, 1);
    g_assert_null(host_health_first(health));

    g_autofree char *text = host_health_print_json(health);
    g_autoptr(HostHealth) again = host_health_parse(text, strlen(text), &error);
    g_assert_no_error(error);
    g_autofree char *text_again = host_health_print_json(again);
    g_assert_cmpstr(text, ==, text_again);
    g_assert_true(base_fd_remove_tree(AT_FDCWD, dir, &error));
}

/* One that does not end is ended; one that comes to pass is waited for. */
static void test_times(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_dir_make_tmp("health-XXXXXX", &error);
    g_autofree char *flag = g_build_filename(dir, "flag", NULL);
    g_autofree char *script =
        g_strdup_printf("#!/bin/sh\ntest -e %s && exit 0\n: >%s\nexit 1\n", flag, flag);
    write_file(dir, "required.d/endless", "#!/bin/sh\nexec sleep 1000\n", 0755);
    write_file(dir, "required.d/late", script, 0755);
    const char *const dirs[] = {dir, NULL};
    g_autoptr(GPtrArray) checks = host_health_plan_load(dirs, &error);
    g_assert_cmpuint(checks->len, ==, 2);
    ((HostCheck *)checks->pdata[0])->timeout_s = 1;
    ((HostCheck *)checks->pdata[1])->wait_s = 60;
    g_autoptr(HostHealth) health = host_health_run(checks, HOST_HEALTH_WAIT, NULL, &error);
    g_assert_false(get(health, "endless")->passed);
    g_assert_cmpstr(get(health, "endless")->text, ==, "it took longer than 1 seconds");
    g_assert_true(get(health, "late")->passed);
    g_autofree char *first = host_health_first(health);
    g_assert_cmpstr(first, ==,
                    "required health check ‘endless’ failed: it took longer than 1 seconds");
    g_assert_true(base_fd_remove_tree(AT_FDCWD, dir, &error));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host/health/files", test_files);
    g_test_add_func("/host/health/run", test_run);
    g_test_add_func("/host/health/times", test_times);
    return g_test_run();
}
