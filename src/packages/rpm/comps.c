/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * comps.xml: groups and environments. libsolv makes pseudo-packages of groups, but knows
 * neither environments nor packages that are conditional on others.
 */
#include "packages/rpm/comps.h"

#include "base/nearest.h"

#include <string.h>

#define MAX_GROUPS 10000
#define MAX_MEMBERS 100000

typedef struct {
    char *id;
    char *name;
    GPtrArray *members;     /* packages of a group, groups of an environment */
    GPtrArray *conditional; /* pairs */
} Group;

struct _PackagesComps {
    GPtrArray *groups;
    GPtrArray *environments;
};

static void group_free(Group *self)
{
    g_free(self->id);
    g_free(self->name);
    g_ptr_array_unref(self->members);
    g_ptr_array_unref(self->conditional);
    g_free(self);
}

static Group *group_new(void)
{
    Group *self = g_new0(Group, 1);
    self->members = g_ptr_array_new_with_free_func(g_free);
    self->conditional = g_ptr_array_new_with_free_func(g_free);
    return self;
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Group, group_free)

PackagesComps *packages_comps_new(void)
{
    PackagesComps *self = g_new0(PackagesComps, 1);
    self->groups = g_ptr_array_new_with_free_func((GDestroyNotify)group_free);
    self->environments = g_ptr_array_new_with_free_func((GDestroyNotify)group_free);
    return self;
}

void packages_comps_free(PackagesComps *self)
{
    if (self == NULL)
        return;
    g_ptr_array_unref(self->groups);
    g_ptr_array_unref(self->environments);
    g_free(self);
}

/* --- parsing --- */

typedef enum { LIST_NONE, LIST_PACKAGES, LIST_GROUPS } List;

typedef struct {
    PackagesComps *comps;
    Group *group; /* owned, nullable: the one under way */
    bool is_environment;
    List list;
    unsigned n_members;
    char *type;     /* owned, nullable: of the packagereq */
    char *requires; /* owned, nullable: of the packagereq */
    bool is_translation;
    GString *text; /* owned */
} Parse;

static void parse_clear(Parse *self)
{
    if (self->group != NULL)
        group_free(self->group);
    g_free(self->type);
    g_free(self->requires);
    (void)g_string_free(self->text, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Parse, parse_clear)

static const char *attribute(const char **names, const char **values, const char *wanted)
{
    for (size_t i = 0; names[i] != NULL; i++)
        if (strcmp(names[i], wanted) == 0)
            return values[i];
    return NULL;
}

static void start_element(GMarkupParseContext *context, const char *name, const char **names,
                          const char **values, gpointer user_data, GError **error)
{
    (void)context;
    (void)error;
    Parse *parse = user_data;
    g_string_truncate(parse->text, 0);
    parse->is_translation = attribute(names, values, "xml:lang") != NULL;
    if (strcmp(name, "group") == 0 || strcmp(name, "environment") == 0) {
        g_clear_pointer(&parse->group, group_free);
        parse->group = group_new();
        parse->is_environment = *name == 'e';
        parse->list = LIST_NONE;
    } else if (strcmp(name, "packagelist") == 0) {
        parse->list = LIST_PACKAGES;
    } else if (strcmp(name, "grouplist") == 0) {
        parse->list = LIST_GROUPS;
    } else if (strcmp(name, "packagereq") == 0) {
        g_free(parse->type);
        g_free(parse->requires);
        parse->type = g_strdup(attribute(names, values, "type"));
        parse->requires = g_strdup(attribute(names, values, "requires"));
    }
}

static bool add_member(Parse *parse, GPtrArray *list, const char *text, GError **error)
{
    if (*text == '\0')
        return true;
    if (++parse->n_members > MAX_MEMBERS) {
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, "more than %d members",
                    MAX_MEMBERS);
        return false;
    }
    g_ptr_array_add(list, g_strdup(text));
    return true;
}

/* A package without a type is mandatory; optional ones are for people to choose. */
static bool add_package(Parse *parse, const char *text, GError **error)
{
    if (*text == '\0')
        return true;
    const char *type = parse->type != NULL ? parse->type : "mandatory";
    if (strcmp(type, "conditional") == 0)
    return parse->requires == NULL || *parse->requires == '\0' ||
           (add_member(parse, parse->group->conditional, text, error) &&
            add_member(parse, parse->group->conditional, parse->requires, error));
    if (strcmp(type, "mandatory") != 0 && strcmp(type, "default") != 0)
        return true;
    return add_member(parse, parse->group->members, text, error);
}

static Group *find(const GPtrArray *groups, const char *id)
{
    for (guint i = 0; i < groups->len; i++) {
        Group *group = groups->pdata[i];
        if (group->id != NULL && strcmp(group->id, id) == 0)
            return group;
    }
    return NULL;
}

static void move_all(GPtrArray *from, GPtrArray *to)
{
    for (guint i = 0; i < from->len; i++) {
        g_ptr_array_add(to, from->pdata[i]);
        from->pdata[i] = NULL;
    }
}

static bool end_group(Parse *parse, GError **error)
{
    GPtrArray *groups = parse->is_environment ? parse->comps->environments : parse->comps->groups;
    g_autoptr(Group) group = g_steal_pointer(&parse->group);
    if (group->id == NULL)
        return true;
    Group *there = find(groups, group->id);
    if (there != NULL) {
        move_all(group->members, there->members);
        move_all(group->conditional, there->conditional);
        return true;
    }
    if (groups->len >= MAX_GROUPS) {
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, "more than %d groups",
                    MAX_GROUPS);
        return false;
    }
    g_ptr_array_add(groups, g_steal_pointer(&group));
    return true;
}

static void end_element(GMarkupParseContext *context, const char *name, gpointer user_data,
                        GError **error)
{
    (void)context;
    Parse *parse = user_data;
    char *text = g_strstrip(parse->text->str);
    if (parse->group == NULL)
        return;
    if (strcmp(name, "group") == 0 || strcmp(name, "environment") == 0)
        (void)end_group(parse, error);
    else if (strcmp(name, "packagelist") == 0 || strcmp(name, "grouplist") == 0)
        parse->list = LIST_NONE;
    else if (strcmp(name, "id") == 0 && parse->group->id == NULL && *text != '\0')
        parse->group->id = g_strdup(text);
    else if (strcmp(name, "name") == 0 && parse->group->name == NULL && !parse->is_translation)
        parse->group->name = g_strdup(text);
    else if (strcmp(name, "packagereq") == 0 && parse->list == LIST_PACKAGES)
        (void)add_package(parse, text, error);
    else if (strcmp(name, "groupid") == 0 && parse->list == LIST_GROUPS && parse->is_environment)
        (void)add_member(parse, parse->group->members, text, error);
    g_string_truncate(parse->text, 0);
}

static void take_text(GMarkupParseContext *context, const char *text, gsize size_bytes,
                      gpointer user_data, GError **error)
{
    (void)context;
    (void)error;
    Parse *parse = user_data;
    g_string_append_len(parse->text, text, (gssize)size_bytes);
}

bool packages_comps_add(PackagesComps *self, GBytes *text, GError **error)
{
    static const GMarkupParser parser = {
        .start_element = start_element, .end_element = end_element, .text = take_text};
    g_auto(Parse) parse = {.comps = self, .text = g_string_new(NULL)};
    g_autoptr(GMarkupParseContext) context =
        g_markup_parse_context_new(&parser, G_MARKUP_DEFAULT_FLAGS, &parse, NULL);
    g_autoptr(GError) inner = NULL;
    gsize size_bytes = 0;
    const char *data = g_bytes_get_data(text, &size_bytes);
    if (g_markup_parse_context_parse(context, data != NULL ? data : "", (gssize)size_bytes,
                                     &inner) &&
        g_markup_parse_context_end_parse(context, &inner))
        return true;
    int line = 0;
    g_markup_parse_context_get_position(context, &line, NULL);
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, "comps.xml, line %d: %s", line,
                inner->message);
    return false;
}

/* --- expanding --- */

static const Group *find_any(const GPtrArray *groups, const char *name)
{
    const Group *by_id = find(groups, name);
    for (guint i = 0; by_id == NULL && i < groups->len; i++) {
        const Group *group = groups->pdata[i];
        if (group->name != NULL && g_ascii_strcasecmp(group->name, name) == 0)
            return group;
    }
    return by_id;
}

static void set_unknown(const GPtrArray *groups, const char *what, const char *name, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; i < groups->len; i++)
        g_ptr_array_add(names, ((const Group *)groups->pdata[i])->id);
    g_ptr_array_add(names, NULL);
    const char *nearest = base_nearest_name(name, (const char *const *)names->pdata);
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_UNSOLVABLE, "no repository has %s ‘%s’%s%s%s",
                what, name, nearest != NULL ? "; did you mean ‘" : "",
                nearest != NULL ? nearest : "", nearest != NULL ? "’?" : "");
}

static void add_all(const GPtrArray *from, GPtrArray *to)
{
    for (guint i = 0; i < from->len; i++)
        g_ptr_array_add(to, g_strdup(from->pdata[i]));
}

static void expand_group(const Group *group, GPtrArray *packages, GPtrArray *conditional)
{
    add_all(group->members, packages);
    add_all(group->conditional, conditional);
}

bool packages_comps_expand(const PackagesComps *self, const char *name, GPtrArray *packages,
                           GPtrArray *conditional, GError **error)
{
    if (g_str_has_prefix(name, "@^")) {
        const Group *environment = find_any(self->environments, name + 2);
        if (environment == NULL) {
            set_unknown(self->environments, "an environment", name + 2, error);
            return false;
        }
        for (guint i = 0; i < environment->members->len; i++) {
            const Group *group = find(self->groups, environment->members->pdata[i]);
            if (group != NULL)
                expand_group(group, packages, conditional);
        }
        return true;
    }
    const Group *group = find_any(self->groups, name + 1);
    if (group == NULL) {
        set_unknown(self->groups, "a group", name + 1, error);
        return false;
    }
    expand_group(group, packages, conditional);
    return true;
}
