/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * In which stages debs are unpacked and configured (Debian policy, 7.2: a postinst may rely on
 * its dependencies, and on nothing else).
 */
#include "tree/formats/deb-plan.h"

#include "packages/deb822.h"
#include "packages/formats/deb.h"

#include <string.h>

enum { STAGE_BASE, STAGE_NEEDED, STAGE_SCRIPTED, STAGE_PLAIN, N_STAGES };

typedef struct {
    unsigned stage;
    GArray *needs; /* owned: indices of packages */
    bool is_base;
} Item;

typedef struct {
    GPtrArray *imported; /* borrowed */
    Item *items;         /* owned: one for each of @imported */
    GHashTable *by_name; /* owned: names and what is provided, to a GArray of indices */
} Plan;

static void free_indices(void *array)
{
    g_array_unref(array);
}

static void note_name(Plan *plan, const char *name, guint index)
{
    GArray *indices = g_hash_table_lookup(plan->by_name, name);
    if (indices == NULL) {
        indices = g_array_new(FALSE, FALSE, sizeof(guint));
        g_hash_table_insert(plan->by_name, g_strdup(name), indices);
    }
    g_array_append_val(indices, index);
}

/* "a (>= 1), b:any | c [amd64]" to its names. */
static char **split_names(const PackagesDeb822Stanza *stanza, const char *field)
{
    g_autofree char *text = packages_deb822_dup(stanza, field);
    char **names = g_strsplit_set(text != NULL ? text : "", ",|", -1);
    for (char **name = names; *name != NULL; name++) {
        g_strstrip(*name);
        (*name)[strcspn(*name, " \t\n(:[<")] = '\0';
    }
    return names;
}

static bool field_is(const PackagesDeb822Stanza *stanza, const char *name, const char *value)
{
    const PackagesDeb822Field *field = packages_deb822_find(stanza, name);
    return field != NULL && packages_deb822_field_is(field, value);
}

/* What dpkg would not take for a paragraph is said by dpkg; here it has no relations. */
static void read_stanza(const PackagesImported *one, PackagesDeb822Stanza *out_stanza)
{
    const char *text = one->stanza != NULL ? one->stanza : "";
    if (!packages_deb822_parse_one(text, strlen(text), out_stanza, NULL))
        out_stanza->n_fields = 0;
}

static void note_provided(Plan *plan, guint index)
{
    const PackagesImported *one = plan->imported->pdata[index];
    PackagesDeb822Stanza stanza;
    read_stanza(one, &stanza);
    note_name(plan, one->package->name, index);
    g_auto(GStrv) provided = split_names(&stanza, "Provides");
    for (char **name = provided; *name != NULL; name++)
        note_name(plan, *name, index);
    plan->items[index].is_base =
        field_is(&stanza, "Essential", "yes") || field_is(&stanza, "Priority", "required");
}

static void note_needs(Plan *plan, guint index)
{
    static const char *const fields[] = {"Pre-Depends", "Depends"};
    PackagesDeb822Stanza stanza;
    read_stanza(plan->imported->pdata[index], &stanza);
    plan->items[index].needs = g_array_new(FALSE, FALSE, sizeof(guint));
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        g_auto(GStrv) names = split_names(&stanza, fields[i]);
        for (char **name = names; *name != NULL; name++) {
            const GArray *indices = g_hash_table_lookup(plan->by_name, *name);
            if (indices != NULL)
                g_array_append_vals(plan->items[index].needs, indices->data, indices->len);
        }
    }
}

static bool has_scripts(const PackagesImported *one)
{
    static const char *const suffixes[] = {".preinst", ".postinst", ".config", ".triggers"};
    StoreNode *info = store_node_find(one->root, PACKAGES_DPKG_DIR "/info");
    g_autoptr(GPtrArray) names =
        info != NULL && store_node_is_dir(info) ? store_node_names(info) : g_ptr_array_new();
    for (guint i = 0; i < names->len; i++)
        for (size_t s = 0; s < G_N_ELEMENTS(suffixes); s++)
            if (g_str_has_suffix(names->pdata[i], suffixes[s]))
                return true;
    return false;
}

/* Draws everything that @first needs into the base, without recursion: chains are long. */
static void draw_into_base(Plan *plan, guint first)
{
    g_autoptr(GArray) queue = g_array_new(FALSE, FALSE, sizeof(guint));
    g_array_append_val(queue, first);
    while (queue->len > 0) {
        Item *item = &plan->items[g_array_index(queue, guint, queue->len - 1)];
        g_array_set_size(queue, queue->len - 1);
        if (item->stage == STAGE_BASE)
            continue;
        item->stage = STAGE_BASE;
        g_array_append_vals(queue, item->needs->data, item->needs->len);
    }
}

/* What nothing needs comes last; what it needs is needed, so that stages stay closed. */
static void choose_stages(Plan *plan)
{
    guint n = plan->imported->len;
    for (guint i = 0; i < n; i++)
        plan->items[i].stage = has_scripts(plan->imported->pdata[i]) ? STAGE_SCRIPTED : STAGE_PLAIN;
    for (guint i = 0; i < n; i++)
        for (guint j = 0; j < plan->items[i].needs->len; j++) {
            guint needed = g_array_index(plan->items[i].needs, guint, j);
            if (needed != i)
                plan->items[needed].stage = STAGE_NEEDED;
        }
    for (guint i = 0; i < n; i++)
        if (plan->items[i].is_base)
            draw_into_base(plan, i);
}

GPtrArray *tree_deb_plan(GPtrArray *imported)
{
    guint n = imported->len;
    Plan plan = {.imported = imported,
                 .items = g_new0(Item, n + 1),
                 .by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_indices)};
    for (guint i = 0; i < n; i++)
        note_provided(&plan, i);
    for (guint i = 0; i < n; i++)
        note_needs(&plan, i);
    choose_stages(&plan);
    GPtrArray *stages = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    for (unsigned stage = 0; stage < N_STAGES; stage++) {
        g_autoptr(GPtrArray) members = g_ptr_array_new();
        for (guint i = 0; i < n; i++)
            if (plan.items[i].stage == stage)
                g_ptr_array_add(members, imported->pdata[i]);
        if (members->len > 0)
            g_ptr_array_add(stages, g_steal_pointer(&members));
    }
    for (guint i = 0; i < n; i++)
        g_array_unref(plan.items[i].needs);
    g_free(plan.items);
    g_hash_table_unref(plan.by_name);
    return stages;
}
