/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Users and groups whose numbers an update would move.
 */
#include "host/ids.h"

#include "base/fd.h"

#include <string.h>
#include <unistd.h>

#define MAX_BYTES (8 * 1024 * 1024)
#define MAX_PROBLEMS 20

typedef struct {
    GHashTable *by_name; /* name (owned) to number */
    GHashTable *by_id;   /* number to name (owned) */
} Ids;

static void ids_clear(Ids *self)
{
    g_clear_pointer(&self->by_id, g_hash_table_unref);
    g_clear_pointer(&self->by_name, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Ids, ids_clear)

/* Of two lines with one name or number the first is the one that counts. */
static void ids_add(Ids *self, const char *name, uint32_t id)
{
    if (!g_hash_table_contains(self->by_id, GUINT_TO_POINTER(id)))
        g_hash_table_insert(self->by_id, GUINT_TO_POINTER(id), g_strdup(name));
    if (!g_hash_table_contains(self->by_name, name))
        g_hash_table_insert(self->by_name, g_strdup(name), GUINT_TO_POINTER(id));
}

/* Both files have the number third. */
static void ids_parse(Ids *self, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (unsigned i = 0; lines[i] != NULL; i++) {
        guint64 id = 0;
        g_auto(GStrv) fields = g_strsplit(lines[i], ":", 4);
        if (g_strv_length(fields) >= 3 && *fields[0] != '\0' &&
            g_ascii_string_to_unsigned(fields[2], 10, 0, G_MAXUINT32 - 1, &id, NULL))
            ids_add(self, fields[0], (uint32_t)id);
    }
}

static void report(GPtrArray *problems, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void report(GPtrArray *problems, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (problems->len < MAX_PROBLEMS)
        g_ptr_array_add(problems, g_strdup_vprintf(format, args));
    va_end(args);
}

static void compare_one(const Ids *here, GVariant *wanted, const char *name, uint32_t id,
                        const char *what, GPtrArray *problems)
{
    void *own = NULL;
    uint32_t other_id = 0;
    if (g_hash_table_lookup_extended(here->by_name, name, NULL, &own)) {
        if (GPOINTER_TO_UINT(own) != id)
            report(problems,
                   "%s ‘%s’ has the id %u here and %u in the new image: its files would belong to "
                   "somebody else",
                   what, name, GPOINTER_TO_UINT(own), id);
        return;
    }
    const char *other = g_hash_table_lookup(here->by_id, GUINT_TO_POINTER(id));
    /* a number that two names share in the image itself is its own business */
    if (other != NULL && !(g_variant_lookup(wanted, other, "u", &other_id) && other_id == id))
        report(problems, "the id %u is that of %s ‘%s’ here, and the new image gives it to ‘%s’",
               id, what, other, name);
}

void host_ids_compare(const char *text, GVariant *known, GVariant *wanted, const char *what,
                      GPtrArray *problems)
{
    g_auto(Ids) here = {.by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                        .by_id = g_hash_table_new_full(NULL, NULL, NULL, g_free)};
    const char *name = NULL;
    uint32_t id = 0;
    GVariantIter iter;
    ids_parse(&here, text);
    /* whom the image knows and no file names lives in /usr/lib, or owns files all the same */
    if (known != NULL) {
        g_variant_iter_init(&iter, known);
        while (g_variant_iter_next(&iter, "{&su}", &name, &id))
            if (!g_hash_table_contains(here.by_name, name))
                ids_add(&here, name, id);
    }
    g_variant_iter_init(&iter, wanted);
    while (g_variant_iter_next(&iter, "{&su}", &name, &id))
        compare_one(&here, wanted, name, id, what, problems);
}

static bool compare_file(int root_dfd, const char *path, const char *key, GVariant *known_metadata,
                         GVariant *metadata, const char *what, GPtrArray *problems, GError **error)
{
    g_autoptr(GVariant) wanted = g_variant_lookup_value(metadata, key, G_VARIANT_TYPE("a{su}"));
    g_autoptr(GVariant) known =
        g_variant_lookup_value(known_metadata, key, G_VARIANT_TYPE("a{su}"));
    g_autoptr(GBytes) bytes = NULL;
    if (wanted == NULL)
        return true;
    if (faccessat(root_dfd, path, F_OK, 0) == 0) {
        bytes = base_fd_read_file(root_dfd, path, MAX_BYTES, error);
        if (bytes == NULL)
            return false;
    }
    const char *text = bytes != NULL ? g_bytes_get_data(bytes, NULL) : NULL;
    host_ids_compare(text != NULL ? text : "", known, wanted, what, problems);
    return true;
}

bool host_ids_check(const HostSysroot *sysroot, const HostCommit *commit, GPtrArray *problems,
                    GError **error)
{
    base_autofd root_dfd = host_sysroot_open_root(sysroot, sysroot->merge, error);
    g_autoptr(HostCommit) running =
        root_dfd >= 0
            ? host_commit_load(sysroot->repo, ostree_deployment_get_csum(sysroot->merge), error)
            : NULL;
    if (running == NULL)
        return false;
    g_autoptr(GVariant) known = g_variant_get_child_value(running->object, 0);
    g_autoptr(GVariant) wanted = g_variant_get_child_value(commit->object, 0);
    return compare_file(root_dfd, "etc/passwd", "atoll.uids", known, wanted, "user", problems,
                        error) &&
           compare_file(root_dfd, "etc/group", "atoll.gids", known, wanted, "group", problems,
                        error);
}
