/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Package scripts in a sandbox over an overlay, whose upper layer is what they changed.
 */
#include "tree/scripts.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sandbox.h"
#include "base/userns.h"
#include "base/watchdog.h"
#include "packages/formats/deb.h"
#include "tree/checkout.h"
#include "tree/configure.h"
#include "tree/deb-rules.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

struct _TreeScripts {
    int repo_fd;
    char *scratch;     /* owned */
    char *lower;       /* owned */
    char *stubs;       /* owned */
    char *upper;       /* owned: of this mount, as is work */
    char *work;        /* owned */
    char *root;        /* owned: mount point */
    StoreNode *is_out; /* owned: what lies in lower */
    unsigned n_mounts;
    unsigned limit_s;
    bool mounted;
};

/* Programs that scripts call and that must do nothing in a tree that is not running. */
static const struct {
    const char *path;
    const char *text;
} stubs[] = {
    {"usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n"},
    {"usr/sbin/start-stop-daemon", "#!/bin/sh\nexit 0\n"},
    {"usr/sbin/update-initramfs", "#!/bin/sh\nexit 0\n"},
    {"usr/sbin/update-grub", "#!/bin/sh\nexit 0\n"},
    {"usr/sbin/grub-install", "#!/bin/sh\nexit 0\n"},
    /* these would make an initramfs for a machine that is not there; ours comes later */
    {"etc/kernel/postinst.d/dracut", "#!/bin/sh\nexit 0\n"},
    {"etc/kernel/postinst.d/initramfs-tools", "#!/bin/sh\nexit 0\n"},
    {"etc/kernel/postinst.d/zz-update-grub", "#!/bin/sh\nexit 0\n"},
    /* a host makes its own keys; what is there is not made for nothing */
    {"etc/ssh/ssh_host_rsa_key", ""},
    {"etc/ssh/ssh_host_ecdsa_key", ""},
    {"etc/ssh/ssh_host_ed25519_key", ""},
};

static const char *const script_env[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root",
    "LC_ALL=C.UTF-8",
    "TERM=dumb",
    "SOURCE_DATE_EPOCH=0",
    "DEBIAN_FRONTEND=noninteractive",
    "DEBCONF_NONINTERACTIVE_SEEN=true",
    "SYSTEMD_OFFLINE=1",
    NULL,
};

static const char *const dpkg_argv[] = {
    "dpkg", "--force-unsafe-io", "--force-confold", "--abort-after=1", "--configure", "-a", NULL};

static bool make_dirs(const char *const *folders, GError **error)
{
    for (const char *const *folder = folders; *folder != NULL; folder++)
        if (!base_fd_make_dirs(AT_FDCWD, *folder, 0755, error))
            return false;
    return true;
}

static bool make_layers(TreeScripts *self, GError **error)
{
    self->lower = g_build_filename(self->scratch, "lower", NULL);
    self->stubs = g_build_filename(self->scratch, "stubs", NULL);
    self->root = g_build_filename(self->scratch, "root", NULL);
    return make_dirs((const char *const[]){self->lower, self->stubs, self->root, NULL}, error);
}

/* A stub's directory must not hide what is a link in the tree (/usr/sbin, where it is /usr/bin). */
static bool leads_through_link(StoreNode *root, const char *path)
{
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        g_autofree char *parent = g_strndup(path, (size_t)(slash - path));
        const StoreNode *node = store_node_find(root, parent);
        if (node != NULL && !store_node_is_dir(node))
            return true;
    }
    return false;
}

static bool write_stubs(const TreeScripts *self, StoreNode *root, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(stubs); i++) {
        if (leads_through_link(root, stubs[i].path))
            continue;
        g_autofree char *path = g_build_filename(self->stubs, stubs[i].path, NULL);
        g_autofree char *parent = g_path_get_dirname(path);
        if (!base_fd_make_dirs(AT_FDCWD, parent, 0755, error) ||
            !base_fd_replace_file(AT_FDCWD, path, stubs[i].text, strlen(stubs[i].text), 0755,
                                  BASE_FD_REPLACE_NO_SYNC, error))
            return false;
    }
    return true;
}

/* A new upper layer each time: an overlay must not be mounted over a changed lower one again. */
static bool mount_layers(TreeScripts *self, GError **error)
{
    g_free(self->upper);
    g_free(self->work);
    self->upper = g_strdup_printf("%s/upper.%u", self->scratch, self->n_mounts);
    self->work = g_strdup_printf("%s/work.%u", self->scratch, self->n_mounts);
    self->n_mounts++;
    const char *const lowers[] = {self->stubs, self->lower, NULL};
    if (!make_dirs((const char *const[]){self->upper, self->work, NULL}, error) ||
        !base_userns_mount_overlay(lowers, self->upper, self->work, self->root, error))
        return false;
    self->mounted = true;
    return true;
}

static void unmount(TreeScripts *self)
{
    if (self->mounted)
        (void)umount2(self->root, MNT_DETACH);
    self->mounted = false;
}

bool tree_scripts_set_tree(TreeScripts *self, const StoreNode *root, GError **error)
{
    unmount(self);
    g_autoptr(StoreNode) copy = store_node_copy(root);
    if (!tree_checkout(copy, self->is_out, self->repo_fd, self->lower, error))
        return false;
    store_node_free(self->is_out);
    self->is_out = g_steal_pointer(&copy);
    return mount_layers(self, error);
}

TreeScripts *tree_scripts_open(const StoreNode *root, int repo_fd, const char *scratch,
                               GError **error)
{
    g_autoptr(TreeScripts) self = g_new0(TreeScripts, 1);
    self->repo_fd = repo_fd;
    self->limit_s = TREE_SCRIPTS_LIMIT_S;
    self->scratch = g_strdup(scratch);
    if (!make_layers(self, error) || !write_stubs(self, (StoreNode *)root, error) ||
        !tree_scripts_set_tree(self, root, error))
        return NULL;
    return g_steal_pointer(&self);
}

void tree_scripts_free(TreeScripts *self)
{
    if (self == NULL)
        return;
    unmount(self);
    /* what stays is cleared when the store is opened the next time */
    g_autoptr(GError) ignored = NULL;
    if (!base_fd_remove_tree(AT_FDCWD, self->scratch, &ignored))
        g_debug("%s", ignored->message);
    store_node_free(self->is_out);
    g_free(self->scratch);
    g_free(self->lower);
    g_free(self->stubs);
    g_free(self->upper);
    g_free(self->work);
    g_free(self->root);
    g_free(self);
}

char *tree_scripts_recipe(void)
{
    g_autoptr(GString) text = g_string_new("scripts 1\n");
    for (const char *const *entry = script_env; *entry != NULL; entry++)
        g_string_append_printf(text, "%s\n", *entry);
    for (const char *const *arg = dpkg_argv; *arg != NULL; arg++)
        g_string_append_printf(text, "%s\n", *arg);
    for (size_t i = 0; i < G_N_ELEMENTS(stubs); i++)
        g_string_append_printf(text, "%s\n%s\n", stubs[i].path, stubs[i].text);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

void tree_scripts_set_limit(TreeScripts *self, unsigned limit_s)
{
    self->limit_s = limit_s;
}

unsigned tree_scripts_get_limit(const TreeScripts *self)
{
    return self->limit_s;
}

const char *tree_scripts_get_upper(const TreeScripts *self)
{
    return self->upper;
}

const char *tree_scripts_get_scratch(const TreeScripts *self)
{
    return self->scratch;
}

const char *tree_scripts_get_root(const TreeScripts *self)
{
    return self->root;
}

/* Whoever waits for ever is ended, and named. */
static bool set_too_long(const TreeScripts *self, const char *what, GError **error)
{
    g_set_error(error, TREE_ERROR, TREE_ERROR_SCRIPT,
                "%s did not end within %u seconds: mend it, or allow more with --script-timeout",
                what, self->limit_s);
    return false;
}

static bool run_in_time(const TreeScripts *self, const BaseSandbox *sandbox,
                        GCancellable *cancellable, GError **error)
{
    g_autoptr(BaseWatchdog) watchdog = base_watchdog_new(self->limit_s, cancellable);
    GError *cause = NULL;
    if (base_sandbox_run(sandbox, NULL, base_watchdog_cancellable(watchdog), &cause))
        return true;
    if (base_watchdog_has_bitten(watchdog)) {
        g_error_free(cause);
        return set_too_long(self, sandbox->run.what, error);
    }
    g_propagate_error(error, cause);
    return false;
}

bool tree_scripts_run(TreeScripts *self, const char *const *argv, const char *output_dir,
                      const char *what, GCancellable *cancellable, GError **error)
{
    const BaseSandboxBind binds[] = {
        {NULL, "/var/tmp", true},
        {output_dir, output_dir != NULL ? "/run/atoll" : NULL, true},
        {NULL, NULL, false},
    };
    BaseSandbox sandbox = {
        .root = self->root,
        .root_writable = true,
        .binds = binds,
        .run = {.argv = argv, .env = script_env, .what = what},
    };
    return run_in_time(self, &sandbox, cancellable, error);
}

typedef struct {
    TreeConfigure *configure;
    BaseWatchdog *watchdog;
} Listener;

static void take_line(const char *line, void *user_data)
{
    const Listener *listener = user_data;
    unsigned n_begun = listener->configure->n_begun;
    g_debug("%s", line);
    tree_configure_line(listener->configure, line);
    if (listener->configure->n_begun != n_begun)
        base_watchdog_pat(listener->watchdog);
}

/* No program stands between a script and what is said of it. */
static bool set_script_error(GError **error, GError *cause)
{
    if (!g_error_matches(cause, BASE_ERROR, BASE_ERROR_CHILD)) {
        g_propagate_error(error, cause);
        return false;
    }
    g_set_error_literal(error, TREE_ERROR, TREE_ERROR_SCRIPT, cause->message);
    g_error_free(cause);
    return false;
}

static bool run_preinst(TreeScripts *self, const TreeDebRules *rules, const char *file,
                        GCancellable *cancellable, GError **error)
{
    g_autofree char *script = g_strconcat("/" PACKAGES_DPKG_DIR "/info/", file, NULL);
    g_autofree char *stem = g_strndup(file, strlen(file) - strlen(".preinst"));
    g_autofree char *package = g_strndup(stem, strcspn(stem, ":"));
    g_auto(GStrv) env = g_strdupv((char **)script_env);
    env = g_environ_setenv(env, "DPKG_MAINTSCRIPT_PACKAGE", package, TRUE);
    env = g_environ_setenv(env, "DPKG_MAINTSCRIPT_NAME", "preinst", TRUE);
    env = g_environ_setenv(env, "DPKG_ADMINDIR", "/var/lib/dpkg", TRUE);
    env = g_environ_setenv(env, "DPKG_ROOT", "", TRUE);
    g_autofree char *what = g_strdup_printf("the preinst script of package ‘%s’", package);
    const char *const argv[] = {script, "install", NULL};
    BaseSandbox sandbox = {
        .root = self->root,
        .root_writable = true,
        .binds = rules->binds,
        .run = {.argv = argv, .env = (const char *const *)env, .what = what, .name = ""},
    };
    GError *cause = NULL;
    return run_in_time(self, &sandbox, cancellable, &cause) || set_script_error(error, cause);
}

static bool run_all_preinst(TreeScripts *self, GPtrArray *imported, const TreeDebRules *rules,
                            GCancellable *cancellable, GError **error)
{
    for (guint i = 0; i < imported->len; i++) {
        const PackagesImported *one = imported->pdata[i];
        StoreNode *info = store_node_find(one->root, PACKAGES_DPKG_DIR "/info");
        g_autoptr(GPtrArray) names = info != NULL ? store_node_names(info) : NULL;
        for (guint n = 0; names != NULL && n < names->len; n++) {
            const char *name = names->pdata[n];
            if (g_str_has_suffix(name, ".preinst") &&
                !run_preinst(self, rules, name, cancellable, error))
                return false;
        }
    }
    return true;
}

static bool run_dpkg(TreeScripts *self, TreeConfigure *configure, const TreeDebRules *rules,
                     GCancellable *cancellable, GError **error)
{
    /* each package has its own time, so that many quick ones are no slow one */
    g_autoptr(BaseWatchdog) watchdog = base_watchdog_new(self->limit_s, cancellable);
    Listener listener = {.configure = configure, .watchdog = watchdog};
    BaseSandbox sandbox = {
        .root = self->root,
        .root_writable = true,
        .binds = rules->binds,
        .run = {.argv = dpkg_argv,
                .env = script_env,
                .what = "configuring packages",
                .on_line = take_line,
                .user_data = &listener},
    };
    GError *cause = NULL;
    if (base_sandbox_run(&sandbox, NULL, base_watchdog_cancellable(watchdog), &cause))
        return true;
    if (!base_watchdog_has_bitten(watchdog))
        return tree_configure_set_error(configure, cause, error);
    g_error_free(cause);
    g_autofree char *what =
        configure->package != NULL
            ? g_strdup_printf("the postinst script of package ‘%s’", configure->package)
            : g_strdup("dpkg");
    return set_too_long(self, what, error);
}

bool tree_scripts_configure(TreeScripts *self, GPtrArray *imported, const BaseProgress *progress,
                            GCancellable *cancellable, GError **error)
{
    g_auto(TreeDebRules) rules = {0};
    if (!tree_deb_rules_prepare(imported, self->root, self->scratch, &rules, error) ||
        !run_all_preinst(self, imported, &rules, cancellable, error))
        return false;
    g_auto(TreeConfigure) configure = {.progress = progress, .total = imported->len};
    return run_dpkg(self, &configure, &rules, cancellable, error);
}
