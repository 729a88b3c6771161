/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * SELinux labels by the tree's own policy (selabel_file(5)). A label is part of an object, so
 * each file gets a new object; which one is remembered, since most files stay the same from one
 * compose to the next.
 */
#include "tree/selinux.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/parallel.h"
#include "store/loose.h"

#include <errno.h>
#include <fcntl.h>
#include <selinux/label.h>
#include <selinux/selinux.h>
#include <string.h>
#include <sys/stat.h>

#define XATTR "security.selinux"
#define POLICY_DIR "selinux"
#define CONTEXTS "contexts/files"
#define MEMORY "cache/selinux-objects"
#define MEMORY_MAX_BYTES (256 * 1024 * 1024)

/* Where the tree's home directories really are; without these lines a host would label them as
 * other state below /var. */
static const char subs_dist[] = "/var/home /home\n/var/roothome /root\n/usr/etc /etc\n";

typedef struct {
    char *path; /* owned: as the policy knows it, with a leading slash */
    StoreNode *node;
    GVariant *xattrs; /* owned: with the label */
    char *key;        /* owned: of an object before: its checksum and label */
    bool is_new;
} Item;

typedef struct {
    struct selabel_handle *handle;
    GPtrArray *items;   /* of Item */
    GHashTable *memory; /* Item.key to the checksum, in hex, of the object with its label */
    int repo_fd;
} Label;

static void item_free(Item *item)
{
    g_free(item->path);
    g_clear_pointer(&item->xattrs, g_variant_unref);
    g_free(item->key);
    g_free(item);
}

static void label_clear(Label *label)
{
    if (label->handle != NULL)
        selabel_close(label->handle);
    g_clear_pointer(&label->items, g_ptr_array_unref);
    g_clear_pointer(&label->memory, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Label, label_clear)

/* --- the policy --- */

static StoreNode *find_policies(StoreNode *root)
{
    StoreNode *dir = store_node_find(root, "usr/etc/" POLICY_DIR);
    return dir != NULL ? dir : store_node_find(root, "etc/" POLICY_DIR);
}

/* By name the first of several, unless /etc/selinux/config names one. */
static char *first_policy(StoreNode *policies)
{
    g_autoptr(GPtrArray) names = store_node_names(policies);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_strdup_printf("%s/" CONTEXTS, (char *)names->pdata[i]);
        const StoreNode *dir = store_node_find(policies, path);
        if (dir != NULL && store_node_is_dir(dir))
            return g_strdup(names->pdata[i]);
    }
    return NULL;
}

static char *choose_policy(StoreNode *policies, int repo_fd)
{
    const StoreNode *config = store_node_find(policies, "config");
    g_autoptr(GBytes) bytes = config != NULL && S_ISREG(config->meta.mode)
                                  ? store_load_contents(repo_fd, config->checksum, NULL)
                                  : NULL;
    g_auto(GStrv) lines = g_strsplit(bytes != NULL ? g_bytes_get_data(bytes, NULL) : "", "\n", 0);
    for (size_t i = 0; lines[i] != NULL; i++) {
        char *line = g_strstrip(lines[i]);
        if (!g_str_has_prefix(line, "SELINUXTYPE="))
            continue;
        const char *type = line + strlen("SELINUXTYPE=");
        g_autofree char *path = g_strdup_printf("%s/" CONTEXTS, type);
        if (strchr(type, '/') == NULL && store_node_find(policies, path) != NULL)
            return g_strdup(type);
    }
    return first_policy(policies);
}

bool tree_selinux_applies(StoreNode *root, const Manifest *manifest)
{
    StoreNode *policies = find_policies(root);
    g_autofree char *type = policies != NULL && store_node_is_dir(policies) && manifest->selinux
                                ? first_policy(policies)
                                : NULL;
    return type != NULL;
}

/* What a policy says of a host is said of an OSTree host. */
static bool add_subs(StoreNode *files, int repo_fd, GError **error)
{
    const StoreNode *node = store_node_find(files, "file_contexts.subs_dist");
    g_autoptr(GBytes) bytes = NULL;
    if (node != NULL && S_ISREG(node->meta.mode)) {
        bytes = store_load_contents(repo_fd, node->checksum, error);
        if (bytes == NULL)
            return false;
    }
    const char *old = bytes != NULL ? g_bytes_get_data(bytes, NULL) : "";
    if (strstr(old, subs_dist) != NULL)
        return true;
    g_autofree char *text = g_strconcat(
        old, old[0] == '\0' || g_str_has_suffix(old, "\n") ? "" : "\n", subs_dist, NULL);
    return store_tree_put_text(files, repo_fd, "file_contexts.subs_dist", 0644, text, error);
}

static bool is_context(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, ":", 0);
    return strcmp(text, "<<none>>") == 0 || g_strv_length(parts) >= 3;
}

/* "REGEX [-TYPE] CONTEXT" */
static bool check_line(char *line)
{
    g_auto(GStrv) all = g_strsplit_set(g_strstrip(line), " \t", 0);
    const char *words[3] = {NULL, NULL, NULL};
    unsigned n_words = 0;
    for (size_t i = 0; all[i] != NULL; i++) {
        if (all[i][0] == '\0')
            continue;
        if (n_words == G_N_ELEMENTS(words))
            return false;
        words[n_words++] = all[i];
    }
    if (n_words < 2 || !is_context(words[n_words - 1]) ||
        (n_words == 3 && (words[1][0] != '-' || strlen(words[1]) != 2)))
        return false;
    g_autoptr(GRegex) regex = g_regex_new(words[0], 0, 0, NULL);
    return regex != NULL;
}

/* libselinux passes over a line that it cannot read, and tells nobody but its log. */
static bool check_policy(const char *name, const char *text, GError **error)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", 0);
    for (size_t i = 0; lines[i] != NULL; i++) {
        const char *start = lines[i] + strspn(lines[i], " \t");
        g_autofree char *copy = g_strdup(start);
        if (start[0] != '\0' && start[0] != '#' && !check_line(copy)) {
            g_set_error(error, TREE_ERROR, TREE_ERROR_FAILED,
                        "the SELinux policy of the tree, %s, line %zu: ‘%.100s’ is no expression "
                        "with a label",
                        name, i + 1, start);
            return false;
        }
    }
    return true;
}

/* libselinux reads files. The compiled .bin is left out: it is another form of the same, for the
 * PCRE of the tree, which may not be this machine's. */
static bool write_policy(StoreNode *files, int repo_fd, const char *folder, GError **error)
{
    g_autoptr(GPtrArray) names = store_node_names(files);
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        const StoreNode *node = g_hash_table_lookup(files->children, name);
        if (!g_str_has_prefix(name, "file_contexts") || g_str_has_suffix(name, ".bin") ||
            !S_ISREG(node->meta.mode))
            continue;
        g_autoptr(GBytes) bytes = store_load_contents(repo_fd, node->checksum, error);
        g_autofree char *path = g_build_filename(folder, name, NULL);
        bool is_subs = strstr(name, "subs") != NULL;
        if (bytes == NULL ||
            (!is_subs && !check_policy(name, g_bytes_get_data(bytes, NULL), error)) ||
            !base_fd_replace_file(AT_FDCWD, path, g_bytes_get_data(bytes, NULL),
                                  g_bytes_get_size(bytes), 0600, BASE_FD_REPLACE_NO_SYNC, error))
            return false;
    }
    return true;
}

static int silent(int type, const char *format, ...)
{
    return 0;
}

static bool open_policy(Label *label, const char *folder, GError **error)
{
    g_autofree char *path = g_build_filename(folder, "file_contexts", NULL);
    const struct selinux_opt options[] = {{SELABEL_OPT_PATH, path}};
    /* it would write to standard error what is said here */
    selinux_set_callback(SELINUX_CB_LOG, (union selinux_callback){.func_log = silent});
    label->handle = selabel_open(SELABEL_CTX_FILE, options, G_N_ELEMENTS(options));
    int saved_errno = errno;
    return label->handle != NULL ||
           base_error_set_errno(error, saved_errno,
                                "reading the SELinux policy of the tree (file_contexts)");
}

/* --- labels --- */

/* As the kernel keeps a label: its NUL included. */
static GVariant *with_label(GVariant *old, const char *context)
{
    return store_xattrs_set(old, XATTR, context, strlen(context) + 1);
}

static void add_item(const char *path, StoreNode *node, void *user_data)
{
    Label *label = user_data;
    Item *item = g_new0(Item, 1);
    bool is_etc = strcmp(path, "usr/etc") == 0 || g_str_has_prefix(path, "usr/etc/");
    item->path = g_strconcat("/", is_etc ? path + strlen("usr/") : path, NULL);
    item->node = node;
    g_ptr_array_add(label->items, item);
}

static bool relabel(Label *label, Item *item, GError **error)
{
    StoreNode *node = item->node;
    StoreMeta meta = node->meta;
    meta.xattrs = item->xattrs;
    if (S_ISLNK(meta.mode))
        return store_put_symlink(label->repo_fd, &meta, node->target, node->checksum, error);
    const char *known = g_hash_table_lookup(label->memory, item->key);
    if (known != NULL) {
        ostree_checksum_inplace_to_bytes(known, node->checksum);
        return true;
    }
    g_autoptr(GBytes) bytes = store_load_contents(label->repo_fd, node->checksum, error);
    item->is_new = true;
    return bytes != NULL && store_put_file(label->repo_fd, &meta, bytes, node->checksum, error);
}

static bool label_item(size_t index, unsigned worker, void *user_data, GError **error)
{
    Label *label = user_data;
    Item *item = label->items->pdata[index];
    char *context = NULL;
    int rc = selabel_lookup_raw(label->handle, &context, item->path, (int)item->node->meta.mode);
    int saved_errno = errno;
    if (rc != 0) /* <<none>>: the policy leaves it alone */
        return saved_errno == ENOENT ||
               base_error_set_errno(error, saved_errno, "looking up the label of ‘%s’", item->path);
    item->xattrs = with_label(item->node->meta.xattrs, context);
    if (!store_node_is_dir(item->node)) {
        char hex[BASE_SHA256_HEX_CHARS + 1];
        ostree_checksum_inplace_from_bytes(item->node->checksum, hex);
        item->key = g_strconcat(hex, " ", context, NULL);
    }
    freecon(context);
    return store_node_is_dir(item->node) || relabel(label, item, error);
}

/* --- memory --- */

/* "CHECKSUM LABEL CHECKSUM"; an object that is no longer there is made again. */
static void load_memory(Label *label, const char *path)
{
    g_autoptr(GBytes) bytes = base_fd_read_file(AT_FDCWD, path, MEMORY_MAX_BYTES, NULL);
    g_auto(GStrv) lines = g_strsplit(bytes != NULL ? g_bytes_get_data(bytes, NULL) : "", "\n", 0);
    for (size_t i = 0; lines[i] != NULL; i++) {
        char *last = strrchr(lines[i], ' ');
        uint8_t checksum[BASE_SHA256_BYTES];
        char object[96];
        struct stat st;
        if (last == NULL || !base_digest_is_sha256_hex(last + 1))
            continue;
        ostree_checksum_inplace_to_bytes(last + 1, checksum);
        store_object_path(checksum, "file", object);
        if (fstatat(label->repo_fd, object, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        *last = '\0';
        g_hash_table_replace(label->memory, g_strdup(lines[i]), g_strdup(last + 1));
    }
}

static bool save_memory(const Label *label, const char *path, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    bool is_changed = false;
    for (guint i = 0; i < label->items->len; i++) {
        const Item *item = label->items->pdata[i];
        if (item->key == NULL || S_ISLNK(item->node->meta.mode))
            continue;
        char hex[BASE_SHA256_HEX_CHARS + 1];
        ostree_checksum_inplace_from_bytes(item->node->checksum, hex);
        g_string_append_printf(text, "%s %s\n", item->key, hex);
        is_changed = is_changed || item->is_new;
    }
    return !is_changed || base_fd_replace_file(AT_FDCWD, path, text->str, text->len, 0644,
                                               BASE_FD_REPLACE_DEFAULT, error);
}

static bool label_all(Label *label, StoreNode *root, const char *memory, size_t *out_labelled,
                      GCancellable *cancellable, GError **error)
{
    label->items = g_ptr_array_new_with_free_func((GDestroyNotify)item_free);
    label->memory = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    load_memory(label, memory);
    store_tree_visit(root, add_item, label);
    if (!base_parallel_for(label->items->len, 0, label_item, label, cancellable, error))
        return false;
    size_t n_labelled = 0;
    for (guint i = 0; i < label->items->len; i++) {
        Item *item = label->items->pdata[i];
        if (item->xattrs == NULL)
            continue;
        g_clear_pointer(&item->node->meta.xattrs, g_variant_unref);
        item->node->meta.xattrs = g_variant_ref(item->xattrs);
        n_labelled++;
    }
    if (out_labelled != NULL)
        *out_labelled = n_labelled;
    return save_memory(label, memory, error);
}

bool tree_selinux_label(StoreNode *root, const Store *store, const Manifest *manifest,
                        size_t *out_labelled, GCancellable *cancellable, GError **error)
{
    g_auto(Label) label = {.repo_fd = store_get_build_fd(store)};
    if (out_labelled != NULL)
        *out_labelled = 0;
    if (!tree_selinux_applies(root, manifest))
        return true;
    StoreNode *policies = find_policies(root);
    g_autofree char *type = choose_policy(policies, label.repo_fd);
    g_autofree char *path = g_strdup_printf("%s/" CONTEXTS, type);
    StoreNode *files = store_node_find(policies, path);
    g_autofree char *memory = store_path(store, MEMORY);
    g_autofree char *folder = store_make_scratch(store, "selinux", error);
    if (folder == NULL || !add_subs(files, label.repo_fd, error) ||
        !write_policy(files, label.repo_fd, folder, error) || !open_policy(&label, folder, error))
        return false;
    bool labelled = label_all(&label, root, memory, out_labelled, cancellable, error);
    return base_fd_remove_tree(AT_FDCWD, folder, labelled ? error : NULL) && labelled;
}

static const char *label_of(const StoreNode *node)
{
    for (gsize i = 0; node->meta.xattrs != NULL && i < g_variant_n_children(node->meta.xattrs);
         i++) {
        const char *name = NULL;
        const char *value = NULL;
        g_variant_get_child(node->meta.xattrs, i, "(^&ay^&ay)", &name, &value);
        if (strcmp(name, XATTR) == 0)
            return value;
    }
    return NULL;
}

static void add_unlabelled(const char *path, StoreNode *node, void *user_data)
{
    if (label_of(node) == NULL)
        g_ptr_array_add(user_data, node);
}

bool tree_selinux_inherit(StoreNode *root, int repo_fd, const char *path, GError **error)
{
    g_autofree char *parent = g_path_get_dirname(path);
    const StoreNode *dir = store_node_find(root, parent);
    StoreNode *node = store_node_find(root, path);
    const char *context = dir != NULL ? label_of(dir) : NULL;
    if (node == NULL || context == NULL)
        return true;
    g_autoptr(GPtrArray) nodes = g_ptr_array_new();
    store_tree_visit(node, add_unlabelled, nodes);
    for (guint i = 0; i < nodes->len; i++) {
        StoreNode *one = nodes->pdata[i];
        GVariant *xattrs = with_label(one->meta.xattrs, context);
        g_clear_pointer(&one->meta.xattrs, g_variant_unref);
        one->meta.xattrs = xattrs;
        if (!S_ISREG(one->meta.mode))
            continue;
        g_autoptr(GBytes) bytes = store_load_contents(repo_fd, one->checksum, error);
        if (bytes == NULL || !store_put_file(repo_fd, &one->meta, bytes, one->checksum, error))
            return false;
    }
    return true;
}
