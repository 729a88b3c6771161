/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * /var belongs to the host: a tree may only say how it starts out (tmpfiles.d(5)).
 */
#include "tree/var.h"

#include "store/loose.h"

#include <string.h>
#include <sys/stat.h>

#define FACTORY "usr/share/factory"
#define FRAGMENT "usr/lib/tmpfiles.d/atoll-var.conf"

typedef struct {
    const char *path;   /* in the tree */
    const char *in_var; /* where it lives on a host */
    const char *link;   /* what stands at path instead */
} Relocation;

static const Relocation relocations[] = {
    {"home", "var/home", "var/home"},    {"root", "var/roothome", "var/roothome"},
    {"opt", "var/opt", "var/opt"},       {"srv", "var/srv", "var/srv"},
    {"mnt", "var/mnt", "var/mnt"},       {"usr/local", "var/usrlocal", "../var/usrlocal"},
    {"media", "run/media", "run/media"}, {NULL, NULL, NULL},
};

/* State that its programs make anew, or that means nothing on another machine. */
static const char *const dropped_files[] = {
    "var/cache/",    "var/log/",     "var/tmp/",         "var/backups/",
    "var/lib/apt/",  "var/lib/dpkg", "var/lib/systemd/", "var/lib/dbus/machine-id",
    "var/lib/dhcp/", NULL,
};

typedef struct {
    StoreNode *factory; /* borrowed: the root, below which files are kept */
    GString *lines;
    const char *from; /* path in the tree that is being relocated */
    const char *to;   /* where it lives on a host */
} Move;

static bool is_dropped(const char *path)
{
    for (const char *const *prefix = dropped_files; *prefix != NULL; prefix++)
        if (g_str_has_prefix(path, *prefix))
            return true;
    return false;
}

/* tmpfiles.d unescapes \xNN and expands %; a space would end the field. */
static char *escape(const char *path)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (; *path != '\0'; path++) {
        if (*path == '%')
            g_string_append(out, "%%");
        else if (g_ascii_isgraph(*path) && strchr("\"'\\", *path) == NULL)
            g_string_append_c(out, *path);
        else
            g_string_append_printf(out, "\\x%02x", (unsigned char)*path);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static void note(const char *path, StoreNode *node, void *user_data)
{
    Move *move = user_data;
    g_autofree char *place =
        *path == '\0' ? g_strdup(move->to) : g_strconcat(move->to, "/", path, NULL);
    g_autofree char *text = escape(place);
    if (store_node_is_dir(node)) {
        if (strcmp(place, "var") != 0)
            g_string_append_printf(move->lines, "d /%s %04o %u %u - -\n", text,
                                   node->meta.mode & 07777, node->meta.uid, node->meta.gid);
        return;
    }
    if (is_dropped(place))
        return;
    if (S_ISLNK(node->meta.mode)) {
        g_autofree char *target = escape(node->target);
        g_string_append_printf(move->lines, "L /%s - - - - %s\n", text, target);
        return;
    }
    g_autofree char *kept = g_strconcat(FACTORY "/", place, NULL);
    store_node_put(move->factory, kept, store_node_copy(node));
    g_string_append_printf(move->lines, "C /%s %04o %u %u - /" FACTORY "/%s\n", text,
                           node->meta.mode & 07777, node->meta.uid, node->meta.gid, text);
}

static void relocate(StoreNode *root, GString *lines, const char *from, const char *to)
{
    g_autoptr(StoreNode) node = store_node_steal(root, from);
    if (node == NULL)
        return;
    if (!store_node_is_dir(node))
        return;
    Move move = {.factory = root, .lines = lines, .from = from, .to = to};
    store_tree_visit(node, note, &move);
}

#define STATE_OVERLAY "ostree-state-overlay@"
#define UNIT_DIR "usr/lib/systemd/system/"

static bool is_kept(const Manifest *manifest, const char *path)
{
    bool is_local = strcmp(path, "opt") == 0 || strcmp(path, "usr/local") == 0;
    return is_local && manifest->opt_usrlocal != NULL && strcmp(manifest->opt_usrlocal, "var") != 0;
}

/* As rpm-ostree: /opt lives in /usr/lib/opt, and ostree lays a writable overlay over both. */
static bool put_state_overlay(StoreNode *root, int repo_fd, GError **error)
{
    static const char *const instances[] = {"usr-lib-opt", "usr-local"};
    if (store_node_find(root, UNIT_DIR STATE_OVERLAY ".service") == NULL) {
        g_set_error_literal(error, TREE_ERROR, TREE_ERROR_FAILED,
                            "‘opt-usrlocal: stateoverlay’ wants the unit ‘" STATE_OVERLAY
                            ".service’, which the ostree of this tree does not bring (2024.1 and "
                            "later do): say ‘var’ or ‘root’");
        return false;
    }
    StoreNode *opt = store_node_steal(root, "opt");
    store_node_put(root, "usr/lib/opt", opt != NULL ? opt : store_node_new_dir(0755));
    (void)store_node_make_dirs(root, "usr/local");
    if (!store_tree_put_link(root, repo_fd, "opt", "usr/lib/opt", error))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(instances); i++) {
        g_autofree char *link = g_strconcat(UNIT_DIR "local-fs.target.wants/" STATE_OVERLAY,
                                            instances[i], ".service", NULL);
        if (!store_tree_put_link(root, repo_fd, link, "../" STATE_OVERLAY ".service", error))
            return false;
    }
    return true;
}

static bool is_overlay(const Manifest *manifest)
{
    return manifest->opt_usrlocal != NULL && (strcmp(manifest->opt_usrlocal, "stateoverlay") == 0 ||
                                              strcmp(manifest->opt_usrlocal, "state-overlay") == 0);
}

bool tree_var_relocate(const TreeFormat *format, const Manifest *manifest, StoreNode *root,
                       int repo_fd, GError **error)
{
    g_autoptr(GString) lines = g_string_new("# How /var starts out on a host of this tree.\n");
    for (const Relocation *row = relocations; row->path != NULL; row++) {
        if (is_kept(manifest, row->path)) {
            (void)store_node_make_dirs(root, row->path);
            continue;
        }
        const StoreNode *there = store_node_find(root, row->path);
        if (there == NULL)
            g_string_append_printf(lines, "d /%s 0755 root root - -\n", row->in_var);
        relocate(root, lines, row->path, row->in_var);
        if (!store_tree_put_link(root, repo_fd, row->path, row->link, error))
            return false;
    }
    if (is_overlay(manifest) && !put_state_overlay(root, repo_fd, error))
        return false;
    relocate(root, lines, "var", "var");
    g_string_append_printf(lines, "L /%s - - - - %s\n", format->database_link,
                           format->database_target);
    (void)store_node_make_dirs(root, "var");
    return store_tree_put_text(root, repo_fd, FRAGMENT, 0644, lines->str, error);
}
