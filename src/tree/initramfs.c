/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The initramfs: made by the tree's dracut, remembered by what went into it.
 */
#include "tree/initramfs.h"

#include "base/error.h"
#include "base/fd.h"
#include "store/loose.h"
#include "tree/cpio.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

/* raised when the same inputs start to give another initramfs */
#define RECIPE "atoll initramfs 1 zstd 9"
#define ZSTD_LEVEL 9
#define ZSTD_WORKERS 2
#define RECORD_MAX_BYTES (16 * 1024 * 1024)
#define IMAGE_MAX_BYTES (1024 * 1024 * 1024)

/* Whole folders that dracut reads by pattern, so that a new file there counts. */
static const char *const input_folders[] = {
    "usr/lib/dracut/",     "usr/lib/firmware/",       "usr/lib/udev/",
    "usr/lib/modprobe.d/", "usr/lib/modules-load.d/", "usr/lib/sysctl.d/",
    "etc/dracut.conf",     "etc/modprobe.d/",         "etc/modules-load.d/",
    "etc/udev/",           "etc/sysctl.d/",           "etc/ld.so.conf",
    "etc/cmdline.d/",      "usr/lib/ostree/",         NULL,
};

/* Where a name that dracut's scripts speak of means something else. */
static const char *const nameless[] = {"usr/share/", "usr/lib/sysimage/", "var/", NULL};

/* dracut makes these itself; the tree's own, of the same name, do not go in */
static const char *const ignored[] = {"etc/ld.so.cache", "etc/initrd-release",
                                      "usr/lib/initrd-release", NULL};

typedef struct {
    BaseSha256 *sha256;
    const char *modules;  /* "usr/lib/modules/KERNEL/" */
    GHashTable *words;    /* every word of dracut's scripts */
    GHashTable *contents; /* paths that were in the last initramfs */
} Key;

typedef struct {
    char key[BASE_SHA256_HEX_CHARS + 1];
    char object[BASE_SHA256_HEX_CHARS + 1];
    GHashTable *contents; /* owned */
} Record;

static void record_clear(Record *record)
{
    g_clear_pointer(&record->contents, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Record, record_clear)

static bool is_word(char c)
{
    return g_ascii_isalnum(c) || strchr("_.@+-", c) != NULL;
}

static void take_words(GHashTable *words, const char *text, size_t size_bytes)
{
    size_t start = 0;
    for (size_t i = 0; i <= size_bytes; i++) {
        if (i < size_bytes && text[i] != '\0' && is_word(text[i]))
            continue;
        if (i > start)
            g_hash_table_add(words, g_strndup(text + start, i - start));
        start = i + 1;
    }
}

static bool read_words(StoreNode *dir, int repo_fd, GHashTable *words, GError **error)
{
    GHashTableIter iter;
    void *child = NULL;
    g_hash_table_iter_init(&iter, dir->children);
    while (g_hash_table_iter_next(&iter, NULL, &child)) {
        const StoreNode *node = child;
        if (store_node_is_dir(node)) {
            if (!read_words(child, repo_fd, words, error))
                return false;
            continue;
        }
        if (!S_ISREG(node->meta.mode))
            continue;
        g_autoptr(GBytes) text = store_load_contents(repo_fd, node->checksum, error);
        if (text == NULL)
            return false;
        take_words(words, g_bytes_get_data(text, NULL), g_bytes_get_size(text));
    }
    return true;
}

static bool has_listed_prefix(const char *const *prefixes, const char *path)
{
    for (const char *const *prefix = prefixes; *prefix != NULL; prefix++)
        if (g_str_has_prefix(path, *prefix))
            return true;
    return false;
}

static bool is_input(const Key *key, const char *path)
{
    if (has_listed_prefix(ignored, path))
        return false;
    if (g_str_has_prefix(path, key->modules) || g_hash_table_contains(key->contents, path))
        return true;
    if (has_listed_prefix(input_folders, path))
        return true;
    /* documentation and the like may share a name, but dracut installs none of it */
    if (has_listed_prefix(nameless, path))
        return false;
    const char *name = strrchr(path, '/');
    return name != NULL && g_hash_table_contains(key->words, name + 1);
}

static void hash_input(const char *path, StoreNode *node, void *user_data)
{
    Key *key = user_data;
    if (store_node_is_dir(node) || !is_input(key, path))
        return;
    base_sha256_update(key->sha256, path, strlen(path) + 1);
    base_sha256_update(key->sha256, node->checksum, sizeof node->checksum);
}

static bool compute_key(const TreeInitramfs *self, StoreNode *root, GHashTable *contents,
                        char out_key[static BASE_SHA256_HEX_CHARS + 1], GError **error)
{
    g_autoptr(GHashTable) words = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    StoreNode *dracut = store_node_find(root, "usr/lib/dracut");
    if (dracut == NULL || !store_node_is_dir(dracut)) {
        g_set_error_literal(error, TREE_ERROR, TREE_ERROR_KERNEL,
                            "the tree has a kernel but no dracut to make its initramfs: add "
                            "‘dracut’ and ‘ostree-boot’ to the manifest's packages");
        return false;
    }
    if (!read_words(dracut, store_get_build_fd(self->store), words, error))
        return false;
    g_autoptr(BaseSha256) sha256 = base_sha256_new();
    g_autofree char *modules = g_strdup_printf("usr/lib/modules/%s/", self->kernel);
    base_sha256_update(sha256, RECIPE, sizeof RECIPE);
    base_sha256_update(sha256, self->kernel, strlen(self->kernel) + 1);
    for (guint i = 0; i < self->args->len; i++) {
        const char *arg = ((const ManifestString *)self->args->pdata[i])->text;
        base_sha256_update(sha256, arg, strlen(arg) + 1);
    }
    Key key = {.sha256 = sha256, .modules = modules, .words = words, .contents = contents};
    store_tree_visit(root, hash_input, &key);
    base_sha256_finish_hex(sha256, out_key);
    return true;
}

static char *record_path(const TreeInitramfs *self)
{
    g_autofree char *name = g_strdup_printf("%s.%s", self->ref, self->kernel);
    g_strdelimit(name, "/", '_');
    return g_build_filename(store_get_dir(self->store), "cache", "initramfs", name, NULL);
}

/* Three lines and a path a line; anything else is as good as no record. */
static bool load_record(const char *path, Record *out_record)
{
    g_autoptr(GBytes) bytes = base_fd_read_file(AT_FDCWD, path, RECORD_MAX_BYTES, NULL);
    if (bytes == NULL)
        return false;
    g_auto(GStrv) lines = g_strsplit(g_bytes_get_data(bytes, NULL), "\n", -1);
    if (g_strv_length(lines) < 3 || strcmp(lines[0], RECIPE) != 0 ||
        !base_digest_is_sha256_hex(lines[1]) || !base_digest_is_sha256_hex(lines[2]))
        return false;
    g_strlcpy(out_record->key, lines[1], sizeof out_record->key);
    g_strlcpy(out_record->object, lines[2], sizeof out_record->object);
    for (char **line = lines + 3; *line != NULL; line++)
        g_hash_table_add(out_record->contents, g_strdup(*line));
    return true;
}

static bool save_record(const char *path, const Record *record, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(text, RECIPE "\n%s\n%s\n", record->key, record->object);
    GHashTableIter iter;
    void *name = NULL;
    g_hash_table_iter_init(&iter, record->contents);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        g_string_append_printf(text, "%s\n", (char *)name);
    g_autofree char *parent = g_path_get_dirname(path);
    return base_fd_make_dirs(AT_FDCWD, parent, 0755, error) &&
           base_fd_replace_file(AT_FDCWD, path, text->str, text->len, 0644, BASE_FD_REPLACE_DEFAULT,
                                error);
}

static void put_node(const TreeInitramfs *self, StoreNode *root, StoreNode *node)
{
    g_autofree char *path = g_strdup_printf("usr/lib/modules/%s/initramfs.img", self->kernel);
    store_node_put(root, path, node);
}

/* The remembered object, if the build repo still has it whole. */
static StoreNode *load_object(const TreeInitramfs *self, const char *object)
{
    g_autoptr(StoreNode) node = g_new0(StoreNode, 1);
    g_autofree char *target = NULL;
    ostree_checksum_inplace_to_bytes(object, node->checksum);
    if (!store_load_meta(store_get_build_fd(self->store), node->checksum, &node->meta,
                         &node->size_bytes, &target, NULL) ||
        !S_ISREG(node->meta.mode) || node->size_bytes == 0)
        return NULL;
    return g_steal_pointer(&node);
}

static bool run_dracut(const TreeInitramfs *self, TreeScripts *scripts, const char *folder,
                       GCancellable *cancellable, GError **error)
{
    /* uncompressed: dracut's idea of a compressor depends on the programs that it finds */
    static const char *const fixed[] = {
        "dracut",         "--force",       "--no-hostonly",        "--no-hostonly-cmdline",
        "--reproducible", "--no-compress", "--no-early-microcode", "--add",
        "ostree",         "--kver"};
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    for (size_t i = 0; i < G_N_ELEMENTS(fixed); i++)
        g_ptr_array_add(argv, (gpointer)fixed[i]);
    g_ptr_array_add(argv, (gpointer)self->kernel);
    for (guint i = 0; i < self->args->len; i++)
        g_ptr_array_add(argv, ((const ManifestString *)self->args->pdata[i])->text);
    g_ptr_array_add(argv, (gpointer) "/run/atoll/initramfs.img");
    g_ptr_array_add(argv, NULL);
    return tree_scripts_run(scripts, (const char *const *)argv->pdata, folder,
                            "making the initramfs", cancellable, error);
}

static bool write_compressed(ZSTD_CCtx *context, const void *data, size_t size_bytes,
                             StoreWriter *writer, GError **error)
{
    size_t chunk_bytes = ZSTD_CStreamOutSize();
    g_autofree void *chunk = g_malloc(chunk_bytes);
    ZSTD_inBuffer input = {.src = data, .size = size_bytes};
    size_t left = 1;
    while (left != 0) {
        ZSTD_outBuffer output = {.dst = chunk, .size = chunk_bytes};
        left = ZSTD_compressStream2(context, &output, &input, ZSTD_e_end);
        if (ZSTD_isError(left))
            return base_error_set(error, BASE_ERROR_FAILED, "compressing the initramfs: %s",
                                  ZSTD_getErrorName(left));
        if (!store_writer_append(writer, chunk, output.pos, error))
            return false;
    }
    return true;
}

static StoreNode *compress(const TreeInitramfs *self, const char *image, size_t size_bytes,
                           GError **error)
{
    g_autoptr(StoreNode) node = g_new0(StoreNode, 1);
    node->meta.mode = S_IFREG | 0600;
    int repo_fd = store_get_build_fd(self->store);
    g_autoptr(StoreWriter) writer = store_writer_new(repo_fd, &node->meta, error);
    if (writer == NULL)
        return NULL;
    ZSTD_CCtx *context = ZSTD_createCCtx();
    (void)ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, ZSTD_LEVEL);
    /* the output is the same for any number of workers above zero */
    (void)ZSTD_CCtx_setParameter(context, ZSTD_c_nbWorkers, ZSTD_WORKERS);
    (void)ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    bool ok = write_compressed(context, image, size_bytes, writer, error);
    ZSTD_freeCCtx(context);
    char *target = NULL;
    if (!ok || !store_writer_finish(writer, node->checksum, error) ||
        !store_load_meta(repo_fd, node->checksum, &node->meta, &node->size_bytes, &target, error))
        return NULL;
    return g_steal_pointer(&node);
}

static bool make(const TreeInitramfs *self, StoreNode *root, TreeScripts *scripts, Record *record,
                 GCancellable *cancellable, GError **error)
{
    g_autofree char *folder = store_make_scratch(self->store, "initramfs", error);
    g_autofree char *path = folder != NULL ? g_build_filename(folder, "initramfs.img", NULL) : NULL;
    if (folder == NULL || !run_dracut(self, scripts, folder, cancellable, error))
        return false;
    g_autoptr(GMappedFile) image = g_mapped_file_new(path, FALSE, error);
    if (image == NULL)
        return false;
    const char *data = g_mapped_file_get_contents(image);
    size_t size_bytes = g_mapped_file_get_length(image);
    g_hash_table_remove_all(record->contents);
    if (!tree_cpio_list(data, size_bytes, record->contents, error))
        return false;
    g_autoptr(StoreNode) node = compress(self, data, size_bytes, error);
    if (node == NULL || !compute_key(self, root, record->contents, record->key, error))
        return false;
    base_digest_to_hex(node->checksum, sizeof node->checksum, record->object);
    put_node(self, root, g_steal_pointer(&node));
    return base_fd_remove_tree(AT_FDCWD, folder, error);
}

bool tree_initramfs_put(const TreeInitramfs *self, StoreNode *root, TreeScripts *scripts,
                        GCancellable *cancellable, GError **error)
{
    g_auto(Record)
        record = {.contents = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
    g_autofree char *path = record_path(self);
    char key[BASE_SHA256_HEX_CHARS + 1];
    bool known = load_record(path, &record);
    if (!compute_key(self, root, record.contents, key, error))
        return false;
    StoreNode *node =
        known && strcmp(key, record.key) == 0 ? load_object(self, record.object) : NULL;
    if (node != NULL) {
        put_node(self, root, node);
        return true;
    }
    return make(self, root, scripts, &record, cancellable, error) &&
           save_record(path, &record, error);
}
