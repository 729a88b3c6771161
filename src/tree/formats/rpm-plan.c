/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * In which transactions rpms are installed: what scripts of others could see or act on, and what
 * is only files.
 */
#include "tree/formats/rpm-plan.h"

#include "tree/rpm/files.h"

#include <rpm/rpmtag.h>
#include <string.h>

#define BY_MANY NULL

typedef struct {
    GHashTable *wanted;  /* owned: a name or path, to the only package that wants it or BY_MANY */
    GPtrArray *prefixes; /* owned: what file triggers are about */
} Plan;

/* Each text of @tag is given to @take until one is refused. */
static bool each_text(Header header, rpmTagVal tag, bool (*take)(void *, const char *), void *data)
{
    struct rpmtd_s texts = {0};
    if (headerGet(header, tag, &texts, HEADERGET_MINMEM | HEADERGET_EXT) != 1)
        return true;
    bool more = true;
    for (const char *text = NULL; more && (text = rpmtdNextString(&texts)) != NULL;)
        more = take(data, text);
    rpmtdFreeData(&texts);
    return more;
}

typedef struct {
    Plan *plan;
    const void *package;
} Wanting;

static void want(Plan *plan, const char *name, const void *package)
{
    void *other = NULL;
    if (!g_hash_table_lookup_extended(plan->wanted, name, NULL, &other))
        g_hash_table_insert(plan->wanted, g_strdup(name), (void *)package);
    else if (other != package)
        g_hash_table_insert(plan->wanted, g_strdup(name), BY_MANY);
}

/* "(a if b)" wants whatever is named in it. */
static bool take_wanted(void *data, const char *text)
{
    const Wanting *wanting = data;
    if (*text != '(') {
        want(wanting->plan, text, wanting->package);
        return true;
    }
    g_auto(GStrv) words = g_strsplit_set(text, "() ", -1);
    for (char **word = words; *word != NULL; word++)
        if (**word != '\0')
            want(wanting->plan, *word, wanting->package);
    return true;
}

static bool take_prefix(void *data, const char *text)
{
    g_ptr_array_add(((Plan *)data)->prefixes, g_strdup(text));
    return true;
}

static void note(Plan *plan, Header header, const void *package)
{
    Wanting wanting = {plan, package};
    Wanting trigger = {plan, BY_MANY};
    (void)each_text(header, RPMTAG_REQUIRENAME, take_wanted, &wanting);
    (void)each_text(header, RPMTAG_ORDERNAME, take_wanted, &wanting);
    (void)each_text(header, RPMTAG_TRIGGERNAME, take_wanted, &trigger);
    (void)each_text(header, RPMTAG_FILETRIGGERNAME, take_prefix, plan);
    (void)each_text(header, RPMTAG_TRANSFILETRIGGERNAME, take_prefix, plan);
}

static bool is_unwanted(void *data, const char *text)
{
    const Wanting *one = data;
    void *by = NULL;
    return !g_hash_table_lookup_extended(one->plan->wanted, text, NULL, &by) || by == one->package;
}

static bool is_untouched(void *data, const char *path)
{
    const Wanting *one = data;
    for (guint i = 0; i < one->plan->prefixes->len; i++)
        if (g_str_has_prefix(path, one->plan->prefixes->pdata[i]))
            return false;
    return is_unwanted(data, path);
}

static bool has_scripts(Header header)
{
    static const rpmTagVal tags[] = {
        RPMTAG_PRETRANS,
        RPMTAG_PRETRANSPROG,
        RPMTAG_PREIN,
        RPMTAG_PREINPROG,
        RPMTAG_POSTIN,
        RPMTAG_POSTINPROG,
        RPMTAG_POSTTRANS,
        RPMTAG_POSTTRANSPROG,
        RPMTAG_TRIGGERNAME,
        RPMTAG_FILETRIGGERNAME,
        RPMTAG_TRANSFILETRIGGERNAME,
    };
    for (size_t i = 0; i < G_N_ELEMENTS(tags); i++)
        if (headerIsEntry(header, tags[i]))
            return true;
    return false;
}

static bool is_only_files(Plan *plan, Header header, const void *package)
{
    Wanting one = {plan, package};
    return !has_scripts(header) && each_text(header, RPMTAG_PROVIDENAME, is_unwanted, &one) &&
           each_text(header, RPMTAG_FILENAMES, is_untouched, &one);
}

GPtrArray *tree_rpm_plan(GPtrArray *imported)
{
    Plan plan = {.wanted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                 .prefixes = g_ptr_array_new_with_free_func(g_free)};
    GPtrArray *stages = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    g_autoptr(GPtrArray) headers =
        g_ptr_array_new_with_free_func((GDestroyNotify)tree_rpm_header_free);
    g_autoptr(GPtrArray) first = g_ptr_array_new();
    g_autoptr(GPtrArray) last = g_ptr_array_new();
    /* a header that does not load is an error where it is needed */
    for (guint i = 0; i < imported->len; i++) {
        const PackagesImported *one = imported->pdata[i];
        TreeRpmHeader *header = tree_rpm_header_load(one->header, NULL);
        g_ptr_array_add(headers, header);
        if (header != NULL)
            note(&plan, header, one);
    }
    for (guint i = 0; i < imported->len; i++) {
        TreeRpmHeader *header = headers->pdata[i];
        bool only_files = header != NULL && is_only_files(&plan, header, imported->pdata[i]);
        g_ptr_array_add(only_files ? last : first, imported->pdata[i]);
    }
    if (first->len > 0)
        g_ptr_array_add(stages, g_steal_pointer(&first));
    if (last->len > 0)
        g_ptr_array_add(stages, g_steal_pointer(&last));
    g_hash_table_unref(plan.wanted);
    g_ptr_array_unref(plan.prefixes);
    return stages;
}
