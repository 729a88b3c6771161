/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files and users in a scratch root: links that lead out, repetition, what is refused.
 */
#include "provision/apply/apply.h"

#include "base/fd.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    char *path;
    ProvisionRoot *root;
    ProvisionPlan *plan;
    ProvisionPolicy *policy;
    ProvisionReport *report;
    ProvisionApply apply;
} Scratch;

static const ProvisionPlace at = {
    .source = "test", .key = "write_files[0]", .line = 1, .column = 1};

static void put(Scratch *self, const char *path, const char *text)
{
    g_assert_true(provision_root_write_text(self->root, path, text, 0644, NULL, NULL));
}

static void set_up(Scratch *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    self->path = g_dir_make_tmp("atoll-apply-XXXXXX", &error);
    g_assert_no_error(error);
    self->root = provision_root_open(self->path, &error);
    g_assert_no_error(error);
    self->plan = provision_plan_new();
    self->policy = provision_policy_new();
    self->report = provision_report_new();
    self->apply = (ProvisionApply){.root = self->root,
                                   .plan = self->plan,
                                   .policy = self->policy,
                                   .report = self->report,
                                   .instance_dir = "/var/lib/cloud/x"};
    put(self, "/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n");
    put(self, "/etc/group", "root:x:0:\n");
    put(self, "/etc/shadow", "root:*:19000:0:99999:7:::\n");
    put(self, "/etc/gshadow", "root:*::\n");
    put(self, "/etc/subuid", "");
    put(self, "/etc/subgid", "");
    put(self, "/etc/skel/.profile", "hello\n");
    put(self, "/usr/lib/passwd", "daemon:x:1:1::/:/usr/sbin/nologin\n");
    put(self, "/usr/lib/group", "wheel:x:10:\n");
}

static void tear_down(Scratch *self, gconstpointer data)
{
    provision_report_free(self->report);
    provision_policy_free(self->policy);
    provision_plan_free(self->plan);
    provision_root_free(self->root);
    g_assert_true(base_fd_remove_tree(AT_FDCWD, self->path, NULL));
    g_free(self->path);
}

static char *read_text(Scratch *self, const char *path)
{
    return provision_root_read_text(self->root, path);
}

static ProvisionNode *add_file(Scratch *self, const char *path, const char *text)
{
    ProvisionNode *node = provision_node_new(&at, PROVISION_FILE);
    node->path = g_strdup(path);
    node->contents = provision_contents_new(&at);
    node->contents->inline_bytes = g_bytes_new(text, strlen(text));
    node->overwrite = true;
    g_ptr_array_add(self->plan->nodes, node);
    return node;
}

static const ProvisionRecord *last_record(Scratch *self)
{
    return self->report->records->pdata[self->report->records->len - 1];
}

static void test_links_stay_inside(Scratch *self, gconstpointer data)
{
    g_assert_true(provision_root_link(self->root, "/out", "../../../../../../tmp", geteuid(),
                                      getegid(), PROVISION_ROOT_DEFAULT, NULL, NULL));
    add_file(self, "/out/file", "x");
    g_assert_true(provision_apply_files(&self->apply, NULL));
    g_assert_cmpint(last_record(self)->outcome, ==, PROVISION_APPLIED);
    g_autofree char *inside = read_text(self, "/tmp/file");
    g_assert_cmpstr(inside, ==, "x");
}

static void test_kernel_paths_are_refused(Scratch *self, gconstpointer data)
{
    static const char *const paths[] = {"/proc/sys/kernel/hostname", "/sys/power/state", "/k/sys/x",
                                        "/", "/etc/.."};
    g_assert_true(provision_root_link(self->root, "/k", "/proc", geteuid(), getegid(),
                                      PROVISION_ROOT_DEFAULT, NULL, NULL));
    put(self, "/etc/passwd.bak", "");
    for (unsigned i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_ptr_array_set_size(self->plan->nodes, 0);
        add_file(self, paths[i], "x");
        g_assert_true(provision_apply_files(&self->apply, NULL));
        g_assert_cmpint(last_record(self)->outcome, ==, PROVISION_FAILED);
    }
}

static void test_link_of_a_user_is_not_followed(Scratch *self, gconstpointer data)
{
    if (geteuid() != 0) {
        g_test_skip("only root can give a link away");
        return;
    }
    g_assert_true(provision_root_link(self->root, "/tmp/x", "/etc", 12345, 12345,
                                      PROVISION_ROOT_DEFAULT, NULL, NULL));
    add_file(self, "/tmp/x/passwd", "x");
    g_assert_true(provision_apply_files(&self->apply, NULL));
    g_assert_cmpint(last_record(self)->outcome, ==, PROVISION_FAILED);
    g_assert_nonnull(strstr(last_record(self)->message, "12345"));
}

static void test_second_run_changes_nothing(Scratch *self, gconstpointer data)
{
    ProvisionNode *node = add_file(self, "/a/b/c", "text\n");
    node->mode = 04711;
    g_assert_true(provision_apply_files(&self->apply, NULL));
    g_assert_cmpint(last_record(self)->outcome, ==, PROVISION_APPLIED);
    struct stat st = {0};
    g_assert_true(provision_root_stat(self->root, "/a/b/c", PROVISION_ROOT_DEFAULT, &st));
    g_assert_cmpint(st.st_mode & 07777, ==, 04711);
    g_assert_true(provision_apply_files(&self->apply, NULL));
    g_assert_cmpint(last_record(self)->outcome, ==, PROVISION_UNCHANGED);
}

static void test_append_once(Scratch *self, gconstpointer data)
{
    ProvisionNode *node = add_file(self, "/log", "tail\n");
    ProvisionContents *contents = node->contents;
    node->contents = NULL;
    g_ptr_array_add(node->appends, contents);
    put(self, "/log", "head\n");
    g_assert_true(provision_apply_files(&self->apply, NULL));
    self->apply.resumed = true;
    g_assert_true(provision_apply_files(&self->apply, NULL));
    g_autofree char *text = read_text(self, "/log");
    g_assert_cmpstr(text, ==, "head\ntail\n");
}

static void test_user(Scratch *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    ProvisionUser *user = provision_user_new(&at, "alice");
    user->groups = g_strsplit("wheel,new", ",", -1);
    user->make_groups = true;
    user->sudo = g_strsplit("ALL=(ALL) ALL", "\n", -1);
    user->ssh_keys = g_strsplit("ssh-ed25519 AAAA alice@x", "\n", -1);
    user->password_plain = g_strdup("canary");
    user->lock_password = PROVISION_NO;
    user->uid = 4242;
    g_ptr_array_add(self->plan->users, user);
    for (unsigned i = 0; i < 2; i++) {
        g_assert_true(provision_apply_users(&self->apply, &error));
        g_assert_no_error(error);
        g_assert_cmpstr(last_record(self)->message, ==, NULL);
    }
    g_autofree char *passwd = read_text(self, "/etc/passwd");
    g_autofree char *group = read_text(self, "/etc/group");
    g_autofree char *shadow = read_text(self, "/etc/shadow");
    g_autofree char *keys = read_text(self, "/home/alice/.ssh/authorized_keys");
    g_autofree char *skel = read_text(self, "/home/alice/.profile");
    g_autofree char *sudo = read_text(self, "/etc/sudoers.d/90-cloud-init-users");
    g_assert_nonnull(strstr(passwd, "\nalice:x:4242:4242::/home/alice:/bin/sh\n"));
    g_assert_nonnull(strstr(group, "\nwheel:x:10:alice\n"));
    g_assert_nonnull(strstr(group, "\nnew:x:1000:alice\n"));
    g_assert_nonnull(strstr(group, "\nalice:x:4242:\n"));
    g_assert_nonnull(strstr(shadow, "\nalice:$y$"));
    g_assert_null(strstr(shadow, "canary"));
    g_assert_cmpstr(keys, ==, "ssh-ed25519 AAAA alice@x\n");
    g_assert_cmpstr(skel, ==, "hello\n");
    g_assert_cmpstr(
        sudo, ==, "# Created by atoll-provision\n\n# User rules for alice\nalice ALL=(ALL) ALL\n");
}

static void test_bad_names(Scratch *self, gconstpointer data)
{
    static const char *const names[] = {"../etc",
                                        "a/b",
                                        "a:b",
                                        "a\nroot2:x:0:0",
                                        "-x",
                                        "",
                                        ".",
                                        "123",
                                        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        g_ptr_array_set_size(self->plan->users, 0);
        g_ptr_array_add(self->plan->users, provision_user_new(&at, names[i]));
        g_assert_true(provision_apply_users(&self->apply, NULL));
        g_assert_cmpint(last_record(self)->outcome, ==, PROVISION_FAILED);
    }
    g_autofree char *passwd = read_text(self, "/etc/passwd");
    g_assert_cmpstr(passwd, ==, "root:x:0:0:root:/root:/bin/bash\n");
}

static void test_units(Scratch *self, gconstpointer data)
{
    ProvisionUnit *unit = provision_unit_new(&at, "a@b.service");
    unit->enabled = PROVISION_YES;
    unit->contents = g_strdup("[Service]\n");
    ProvisionUnit *masked = provision_unit_new(&at, "m.service");
    masked->masked = PROVISION_YES;
    g_ptr_array_add(self->plan->units, unit);
    g_ptr_array_add(self->plan->units, masked);
    g_ptr_array_add(self->plan->units, provision_unit_new(&at, "../x.service"));
    g_assert_true(provision_apply_units(&self->apply, NULL));
    g_assert_cmpint(last_record(self)->outcome, ==, PROVISION_FAILED);
    g_autofree char *preset = read_text(self, "/etc/systemd/system-preset/20-ignition.preset");
    g_assert_cmpstr(preset, ==, "enable a@.service b\n");
    struct stat st = {0};
    g_assert_true(provision_root_stat(self->root, "/etc/systemd/system/m.service",
                                      PROVISION_ROOT_DEFAULT, &st));
    g_assert_true(S_ISLNK(st.st_mode));
}

static void test_policy(Scratch *self, gconstpointer data)
{
    static const char text[] = "packages: layer\ndefault_user:\n  name: core\n  groups: [wheel]\n";
    g_autoptr(GBytes) bytes = g_bytes_new_static(text, strlen(text));
    g_autoptr(GError) error = NULL;
    g_assert_true(provision_policy_parse(self->policy, "p.yaml", bytes, &error));
    g_assert_cmpint(self->policy->packages, ==, PROVISION_PACKAGES_LAYER);
    g_assert_cmpstr(self->policy->default_user->name, ==, "core");
    g_autoptr(GBytes) bad = g_bytes_new_static("pakages: warn\n", 14);
    g_assert_false(provision_policy_parse(self->policy, "p.yaml", bad, &error));
    g_assert_nonnull(strstr(error->message, "p.yaml:1:1"));
    g_assert_nonnull(strstr(error->message, "‘packages’"));
}

int main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*run)(Scratch *self, gconstpointer data);
    } tests[] = {
        {"/provision/apply/links-stay-inside", test_links_stay_inside},
        {"/provision/apply/kernel-paths", test_kernel_paths_are_refused},
        {"/provision/apply/link-of-a-user", test_link_of_a_user_is_not_followed},
        {"/provision/apply/second-run", test_second_run_changes_nothing},
        {"/provision/apply/append-once", test_append_once},
        {"/provision/apply/user", test_user},
        {"/provision/apply/bad-names", test_bad_names},
        {"/provision/apply/units", test_units},
        {"/provision/apply/policy", test_policy},
    };
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add(tests[i].path, Scratch, NULL, set_up, tests[i].run, tear_down);
    return g_test_run();
}
