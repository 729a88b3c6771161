/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Users and groups that keep their ids from one compose to the next.
 */
#include "tree/users.h"

#include <string.h>

#define STATIC_MAX 99
#define SYSTEM_MAX 999
#define FREE_MIN 100

typedef struct {
    GHashTable *by_id;   /* owned: id found to id given */
    GHashTable *by_name; /* owned: every name ever to its id */
} Ids;

struct _TreeUsersMap {
    Ids users;
    Ids groups;
};

static void ids_init(Ids *ids, GVariant *last)
{
    ids->by_id = g_hash_table_new(g_direct_hash, g_direct_equal);
    ids->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (last == NULL)
        return;
    GVariantIter iter;
    const char *name = NULL;
    uint32_t id = 0;
    g_variant_iter_init(&iter, last);
    while (g_variant_iter_next(&iter, "{&su}", &name, &id))
        g_hash_table_replace(ids->by_name, g_strdup(name), GUINT_TO_POINTER(id));
}

static void ids_clear(Ids *ids)
{
    g_hash_table_unref(ids->by_id);
    g_hash_table_unref(ids->by_name);
}

static bool is_taken(const Ids *ids, uint32_t id)
{
    GHashTableIter iter;
    void *value = NULL;
    g_hash_table_iter_init(&iter, ids->by_name);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        if (GPOINTER_TO_UINT(value) == id)
            return true;
    return false;
}

static uint32_t choose(const Ids *ids, uint32_t wanted)
{
    if (!is_taken(ids, wanted))
        return wanted;
    for (uint32_t id = SYSTEM_MAX; id >= FREE_MIN; id--)
        if (!is_taken(ids, id))
            return id;
    return wanted;
}

/* Third field of both files is the id: passwd(5), group(5). */
static bool parse_line(const char *line, char ***out_fields, uint32_t *out_id)
{
    g_auto(GStrv) fields = g_strsplit(line, ":", -1);
    uint64_t id = 0;
    if (g_strv_length(fields) < 4 || **fields == '\0' ||
        !g_ascii_string_to_unsigned(fields[2], 10, 0, UINT32_MAX, &id, NULL))
        return false;
    *out_fields = g_steal_pointer(&fields);
    *out_id = (uint32_t)id;
    return true;
}

static void plan(Ids *ids, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_auto(GStrv) fields = NULL;
        uint32_t id = 0;
        if (!parse_line(*line, &fields, &id) || id <= STATIC_MAX || id > SYSTEM_MAX)
            continue;
        void *last = NULL;
        bool known = g_hash_table_lookup_extended(ids->by_name, fields[0], NULL, &last);
        uint32_t given = known ? GPOINTER_TO_UINT(last) : choose(ids, id);
        g_hash_table_replace(ids->by_name, g_strdup(fields[0]), GUINT_TO_POINTER(given));
        if (given != id)
            g_hash_table_insert(ids->by_id, GUINT_TO_POINTER(id), GUINT_TO_POINTER(given));
    }
}

TreeUsersMap *tree_users_plan(const char *passwd, const char *group, GVariant *last_uids,
                              GVariant *last_gids)
{
    TreeUsersMap *self = g_new0(TreeUsersMap, 1);
    ids_init(&self->users, last_uids);
    ids_init(&self->groups, last_gids);
    plan(&self->users, passwd);
    plan(&self->groups, group);
    return self;
}

void tree_users_map_free(TreeUsersMap *self)
{
    if (self == NULL)
        return;
    ids_clear(&self->users);
    ids_clear(&self->groups);
    g_free(self);
}

static uint32_t map_id(const Ids *ids, uint32_t id)
{
    void *given = NULL;
    return g_hash_table_lookup_extended(ids->by_id, GUINT_TO_POINTER(id), NULL, &given)
               ? GPOINTER_TO_UINT(given)
               : id;
}

uint32_t tree_users_map_uid(const TreeUsersMap *self, uint32_t uid)
{
    return self == NULL ? uid : map_id(&self->users, uid);
}

uint32_t tree_users_map_gid(const TreeUsersMap *self, uint32_t gid)
{
    return self == NULL ? gid : map_id(&self->groups, gid);
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static GVariant *names_variant(const Ids *ids)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    GHashTableIter iter;
    void *name = NULL;
    g_hash_table_iter_init(&iter, ids->by_name);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        g_ptr_array_add(names, name);
    g_ptr_array_sort(names, compare_text);
    g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a{su}"));
    for (guint i = 0; i < names->len; i++)
        g_variant_builder_add(&builder, "{su}", names->pdata[i],
                              GPOINTER_TO_UINT(g_hash_table_lookup(ids->by_name, names->pdata[i])));
    return g_variant_ref_sink(g_variant_builder_end(&builder));
}

GVariant *tree_users_uids(const TreeUsersMap *self)
{
    return names_variant(&self->users);
}

GVariant *tree_users_gids(const TreeUsersMap *self)
{
    return names_variant(&self->groups);
}

static void set_field(char **fields, unsigned index, uint32_t id)
{
    g_free(fields[index]);
    fields[index] = g_strdup_printf("%u", id);
}

/* passwd(5) has seven fields, uid and gid among them; group(5) has four, the gid third. */
static char *rewrite_line(const TreeUsersMap *self, const char *line)
{
    g_auto(GStrv) fields = NULL;
    uint32_t id = 0;
    uint64_t gid = 0;
    if (!parse_line(line, &fields, &id))
        return g_strdup(line);
    if (g_strv_length(fields) == 7) {
        set_field(fields, 2, tree_users_map_uid(self, id));
        if (g_ascii_string_to_unsigned(fields[3], 10, 0, UINT32_MAX, &gid, NULL))
            set_field(fields, 3, tree_users_map_gid(self, (uint32_t)gid));
    } else {
        set_field(fields, 2, tree_users_map_gid(self, id));
    }
    return g_strjoinv(":", fields);
}

char *tree_users_rewrite(const TreeUsersMap *self, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        char *rewritten = rewrite_line(self, *line);
        g_free(*line);
        *line = rewritten;
    }
    return g_strjoinv("\n", lines);
}

static void add_group_lines(GString *out, GString *members, const char *group)
{
    g_auto(GStrv) lines = g_strsplit(group, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_auto(GStrv) fields = NULL;
        uint32_t id = 0;
        if (!parse_line(*line, &fields, &id) || id > SYSTEM_MAX || id == 0)
            continue;
        g_string_append_printf(out, "g %s %u -\n", fields[0], id);
        g_auto(GStrv) names = g_strsplit(fields[3], ",", -1);
        for (char **name = names; *name != NULL; name++)
            if (**name != '\0')
                g_string_append_printf(members, "m %s %s\n", *name, fields[0]);
    }
}

static void add_user_lines(GString *out, const char *passwd)
{
    g_auto(GStrv) lines = g_strsplit(passwd, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_auto(GStrv) fields = NULL;
        uint32_t id = 0;
        if (!parse_line(*line, &fields, &id) || id > SYSTEM_MAX || id == 0 ||
            g_strv_length(fields) != 7)
            continue;
        g_strdelimit(fields[4], "\"\\", ' ');
        g_string_append_printf(out, "u %s %u:%s \"%s\" %s %s\n", fields[0], id, fields[3],
                               fields[4], *fields[5] != '\0' ? fields[5] : "-",
                               *fields[6] != '\0' ? fields[6] : "-");
    }
}

char *tree_users_sysusers(const char *passwd, const char *group)
{
    g_autoptr(GString) out = g_string_new("# Users and groups of this tree, with their ids.\n");
    g_autoptr(GString) members = g_string_new(NULL);
    add_group_lines(out, members, group);
    add_user_lines(out, passwd);
    g_string_append(out, members->str);
    return g_string_free(g_steal_pointer(&out), FALSE);
}
