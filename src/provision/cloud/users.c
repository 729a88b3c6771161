/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * users, user, groups, chpasswd: all the ways in which cloud-config says who is there.
 */
#include "provision/cloud/read.h"

#include <stdio.h>
#include <string.h>

#define USER(field) offsetof(ProvisionUser, field)

static void read_groups_of_user(ProvisionCloud *cloud, const ProvisionMember *member,
                                gpointer target);
static void read_rules(ProvisionCloud *cloud, const ProvisionMember *member, gpointer target);
static void read_secret(ProvisionCloud *cloud, const ProvisionMember *member, gpointer target);
static void read_number(ProvisionCloud *cloud, const ProvisionMember *member, gpointer target);
static void read_date(ProvisionCloud *cloud, const ProvisionMember *member, gpointer target);

const ProvisionCloudKey provision_cloud_user_fields[] = {
    {.name = "name", .kind = PROVISION_CLOUD_IGNORED, .why = "read first"},
    {.name = "gecos", .kind = PROVISION_CLOUD_TEXT, .offset = USER(gecos)},
    {.name = "homedir", .kind = PROVISION_CLOUD_TEXT, .offset = USER(home)},
    {.name = "shell", .kind = PROVISION_CLOUD_TEXT, .offset = USER(shell)},
    {.name = "primary_group", .kind = PROVISION_CLOUD_TEXT, .offset = USER(primary_group)},
    {.name = "groups",
     .kind = PROVISION_CLOUD_CUSTOM,
     .read = read_groups_of_user,
     .types = PROVISION_CLOUD_IS_STRING | PROVISION_CLOUD_IS_LIST | PROVISION_CLOUD_IS_MAP},
    {.name = "create_groups", .kind = PROVISION_CLOUD_BOOL, .offset = USER(make_groups)},
    {.name = "no_user_group", .kind = PROVISION_CLOUD_BOOL, .offset = USER(no_user_group)},
    {.name = "no_create_home", .kind = PROVISION_CLOUD_BOOL, .offset = USER(no_create_home)},
    {.name = "system", .kind = PROVISION_CLOUD_BOOL, .offset = USER(system)},
    {.name = "lock_passwd", .kind = PROVISION_CLOUD_TRISTATE, .offset = USER(lock_password)},
    {.name = "passwd",
     .kind = PROVISION_CLOUD_CUSTOM,
     .read = read_secret,
     .types = PROVISION_CLOUD_IS_STRING},
    {.name = "hashed_passwd",
     .kind = PROVISION_CLOUD_CUSTOM,
     .read = read_secret,
     .types = PROVISION_CLOUD_IS_STRING},
    {.name = "plain_text_passwd",
     .kind = PROVISION_CLOUD_CUSTOM,
     .read = read_secret,
     .types = PROVISION_CLOUD_IS_STRING},
    {.name = "expiredate",
     .kind = PROVISION_CLOUD_CUSTOM,
     .read = read_date,
     .types = PROVISION_CLOUD_IS_STRING},
    {.name = "inactive",
     .kind = PROVISION_CLOUD_CUSTOM,
     .read = read_number,
     .types = PROVISION_CLOUD_IS_STRING | PROVISION_CLOUD_IS_INT},
    {.name = "uid",
     .kind = PROVISION_CLOUD_CUSTOM,
     .read = read_number,
     .types = PROVISION_CLOUD_IS_STRING | PROVISION_CLOUD_IS_INT},
    {.name = "sudo",
     .kind = PROVISION_CLOUD_CUSTOM,
     .read = read_rules,
     .types = PROVISION_CLOUD_IS_STRING | PROVISION_CLOUD_IS_LIST | PROVISION_CLOUD_IS_BOOL |
              PROVISION_CLOUD_IS_NULL},
    {.name = "doas",
     .kind = PROVISION_CLOUD_CUSTOM,
     .read = read_rules,
     .types = PROVISION_CLOUD_IS_STRING | PROVISION_CLOUD_IS_LIST},
    {.name = "ssh_authorized_keys", .kind = PROVISION_CLOUD_TEXTS, .offset = USER(ssh_keys)},
    {.name = "ssh_redirect_user", .kind = PROVISION_CLOUD_BOOL, .offset = USER(ssh_redirect_user)},
    {.name = "selinux_user", .kind = PROVISION_CLOUD_TEXT, .offset = USER(selinux_user)},
    {.name = "no_log_init",
     .kind = PROVISION_CLOUD_IGNORED,
     .why = "lastlog and faillog are never made larger for a user"},
    {.name = "ssh_import_id",
     .kind = PROVISION_CLOUD_UNSUPPORTED,
     .why = "keys of Launchpad or GitHub are not fetched: write them down"},
    {.name = "snapuser", .kind = PROVISION_CLOUD_UNSUPPORTED, .why = "of Ubuntu's own services"},
    {0},
};

/* "a, b" or a list of such, or the keys of a mapping. */
static char **read_names(ProvisionCloud *cloud, const ProvisionValue *value)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_auto(GStrv) texts = NULL;
    if (value->kind == PROVISION_VALUE_MAP) {
        for (guint i = 0; i < value->members->len; i++)
            g_strv_builder_add(builder, ((const ProvisionMember *)value->members->pdata[i])->name);
        return g_strv_builder_end(builder);
    }
    texts = provision_cloud_texts(cloud, value);
    for (unsigned i = 0; texts[i] != NULL; i++) {
        g_auto(GStrv) names = g_strsplit(texts[i], ",", -1);
        for (unsigned n = 0; names[n] != NULL; n++) {
            g_strstrip(names[n]);
            if (names[n][0] != '\0')
                g_strv_builder_add(builder, names[n]);
        }
    }
    return g_strv_builder_end(builder);
}

static bool check_names(ProvisionCloud *cloud, const ProvisionPlace *at, char *const *names)
{
    for (unsigned i = 0; names != NULL && names[i] != NULL; i++) {
        if (provision_cloud_is_name(names[i]))
            continue;
        provision_cloud_fail(cloud, at, "‘%s’ cannot be the name of a user or group", names[i]);
        return false;
    }
    return true;
}

static void read_groups_of_user(ProvisionCloud *cloud, const ProvisionMember *member,
                                gpointer target)
{
    ProvisionUser *user = target;
    if (member->value->kind == PROVISION_VALUE_NULL)
        return;
    g_auto(GStrv) names = read_names(cloud, member->value);
    if (!check_names(cloud, &member->value->at, names))
        return;
    g_strfreev(user->groups);
    user->groups = g_steal_pointer(&names);
}

static void read_rules(ProvisionCloud *cloud, const ProvisionMember *member, gpointer target)
{
    ProvisionUser *user = target;
    char ***rules = strcmp(member->name, "sudo") == 0 ? &user->sudo : &user->doas;
    bool none = member->value->kind == PROVISION_VALUE_NULL ||
                (member->value->kind == PROVISION_VALUE_BOOL && !member->value->boolean);
    g_strfreev(*rules);
    *rules = none ? NULL : provision_cloud_texts(cloud, member->value);
    for (unsigned i = 0; *rules != NULL && (*rules)[i] != NULL; i++) {
        if (strchr((*rules)[i], '\n') == NULL)
            continue;
        provision_cloud_fail(cloud, &member->value->at, "a rule is one line");
        g_clear_pointer(rules, g_strfreev);
    }
}

/* A hash or password that goes into a line of /etc/shadow. */
static bool is_one_line(const char *text)
{
    return strpbrk(text, "\n\r:") == NULL;
}

static void read_secret(ProvisionCloud *cloud, const ProvisionMember *member, gpointer target)
{
    ProvisionUser *user = target;
    if (member->value->kind == PROVISION_VALUE_NULL)
        return;
    char *text = provision_cloud_text(cloud, member->value);
    if (text == NULL)
        return;
    bool plain = strncmp(member->name, "plain", 5) == 0;
    if (!plain && !is_one_line(text)) {
        provision_cloud_fail(cloud, &member->value->at, "is no password hash of crypt(5)");
        g_free(text);
        return;
    }
    char **to = plain ? &user->password_plain : &user->password_hash;
    g_free(*to);
    *to = text;
    /* cloud-init sets passwd while it makes a user, the others whenever it runs. */
    if (strcmp(member->name, "passwd") == 0)
        user->only_if_new = true;
}

static void read_number(ProvisionCloud *cloud, const ProvisionMember *member, gpointer target)
{
    ProvisionUser *user = target;
    if (member->value->kind == PROVISION_VALUE_NULL)
        return;
    g_autofree char *text = provision_cloud_text(cloud, member->value);
    gint64 number = 0;
    if (text == NULL)
        return;
    if (!g_ascii_string_to_signed(text, 10, 0, G_MAXINT32, &number, NULL))
        provision_cloud_fail(cloud, &member->value->at, "must be a number, 0 or larger");
    else if (strcmp(member->name, "uid") == 0)
        user->uid = number;
    else
        user->inactive_days = (int)number;
}

static void read_date(ProvisionCloud *cloud, const ProvisionMember *member, gpointer target)
{
    ProvisionUser *user = target;
    if (member->value->kind == PROVISION_VALUE_NULL)
        return;
    g_autofree char *text = provision_cloud_text(cloud, member->value);
    unsigned year = 0;
    unsigned month = 0;
    unsigned day = 0;
    char rest = '\0';
    if (text == NULL)
        return;
    if (sscanf(text, "%4u-%2u-%2u%c", &year, &month, &day, &rest) != 3 ||
        !g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)year)) {
        provision_cloud_fail(cloud, &member->value->at, "must be a date, YYYY-MM-DD");
        return;
    }
    g_free(user->expire_date);
    user->expire_date = g_steal_pointer(&text);
}

static bool is_path_or_unset(const char *path)
{
    return path == NULL || provision_cloud_is_path(path);
}

static ProvisionUser *new_user(ProvisionCloud *cloud, const ProvisionPlace *at, const char *name)
{
    if (!provision_cloud_is_name(name)) {
        provision_cloud_fail(cloud, at, "‘%s’ cannot be the name of a user", name);
        return NULL;
    }
    ProvisionUser *user = provision_user_new(at, name);
    user->make_groups = true;
    user->lock_password = PROVISION_YES;
    return user;
}

static void fill_user(ProvisionCloud *cloud, ProvisionUser *user, const ProvisionValue *map)
{
    provision_cloud_read_fields(cloud, map, provision_cloud_user_fields, user);
    if (user->primary_group != NULL && !provision_cloud_is_name(user->primary_group) &&
        strspn(user->primary_group, "0123456789") != strlen(user->primary_group)) {
        provision_cloud_fail(cloud, &map->at, "‘%s’ cannot be the name of a group",
                             user->primary_group);
        g_clear_pointer(&user->primary_group, g_free);
    }
    char **const lines[] = {&user->home, &user->shell};
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        if (is_path_or_unset(*lines[i]) && (*lines[i] == NULL || is_one_line(*lines[i])))
            continue;
        provision_cloud_fail(cloud, &map->at, "‘%s’ is no absolute path without ‘..’", *lines[i]);
        g_clear_pointer(lines[i], g_free);
    }
    if (user->gecos != NULL && !is_one_line(user->gecos)) {
        provision_cloud_fail(cloud, &map->at, "gecos is one line without a colon");
        g_clear_pointer(&user->gecos, g_free);
    }
}

static void add_user(ProvisionCloud *cloud, const ProvisionPlace *at, const char *name,
                     const ProvisionValue *map)
{
    ProvisionUser *user = new_user(cloud, at, name);
    if (user == NULL)
        return;
    g_ptr_array_add(cloud->plan->users, user);
    if (map != NULL)
        fill_user(cloud, user, map);
}

static const ProvisionValue *map_of(const ProvisionValue *value)
{
    return value != NULL && value->kind == PROVISION_VALUE_MAP ? value : NULL;
}

ProvisionUser *provision_cloud_add_default_user(ProvisionCloud *cloud, const ProvisionPlace *at)
{
    const ProvisionValue *system =
        map_of(provision_value_look_up(cloud->config, "system_info.default_user"));
    const ProvisionValue *own = provision_value_find(cloud->config, "user");
    const ProvisionValue *name = own != NULL && own->kind == PROVISION_VALUE_STRING
                                     ? own
                                     : provision_value_find(map_of(own), "name");
    if (name == NULL || name->kind != PROVISION_VALUE_STRING)
        name = provision_value_find(system, "name");
    /* Who it is else, and what it has, is the image's policy. */
    const char *text =
        name != NULL && name->kind == PROVISION_VALUE_STRING ? name->text : "default";
    ProvisionUser *user = new_user(cloud, name != NULL ? &name->at : at, text);
    if (user == NULL)
        return NULL;
    g_ptr_array_add(cloud->plan->users, user);
    user->is_default = true;
    user->lock_password = PROVISION_UNSET;
    if (system != NULL)
        fill_user(cloud, user, system);
    if (map_of(own) != NULL)
        fill_user(cloud, user, own);
    return user;
}

static void read_user_entry(ProvisionCloud *cloud, const ProvisionPlace *at,
                            const ProvisionValue *entry)
{
    if (entry->kind == PROVISION_VALUE_MAP) {
        const ProvisionValue *name = provision_value_find(entry, "name");
        g_autofree char *text = name == NULL ? NULL : provision_cloud_text(cloud, name);
        if (name == NULL)
            provision_cloud_fail(cloud, at, "a user without a name");
        else if (text != NULL && strcmp(text, "default") == 0)
            provision_cloud_add_default_user(cloud, at);
        else if (text != NULL)
            add_user(cloud, at, text, entry);
        return;
    }
    g_auto(GStrv) names = read_names(cloud, entry);
    for (unsigned i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], "default") == 0)
            provision_cloud_add_default_user(cloud, at);
        else
            add_user(cloud, at, names[i], NULL);
    }
}

void provision_cloud_read_users(ProvisionCloud *cloud, const ProvisionMember *member,
                                gpointer target)
{
    const ProvisionValue *users = member->value;
    (void)target;
    if (users->kind == PROVISION_VALUE_LIST) {
        for (guint i = 0; i < users->items->len; i++) {
            const ProvisionValue *entry = users->items->pdata[i];
            read_user_entry(cloud, &entry->at, entry);
        }
    } else if (users->kind == PROVISION_VALUE_MAP) {
        for (guint i = 0; i < users->members->len; i++) {
            const ProvisionMember *entry = users->members->pdata[i];
            bool is_no = entry->value->kind == PROVISION_VALUE_BOOL && !entry->value->boolean;
            if (is_no)
                continue;
            if (strcmp(entry->name, "default") == 0)
                provision_cloud_add_default_user(cloud, &entry->at);
            else
                add_user(cloud, &entry->at, entry->name, map_of(entry->value));
        }
    } else if (users->kind != PROVISION_VALUE_NULL) {
        read_user_entry(cloud, &users->at, users);
    }
}

void provision_cloud_read_user(ProvisionCloud *cloud, const ProvisionMember *member,
                               gpointer target)
{
    (void)target;
    /* Its contents are read where the default user is made. */
    if (member->value->kind != PROVISION_VALUE_STRING && member->value->kind != PROVISION_VALUE_MAP)
        provision_cloud_fail(cloud, &member->value->at, "must be a name or a mapping, not %s",
                             provision_value_kind_name(member->value->kind));
}

static void add_group(ProvisionCloud *cloud, const ProvisionPlace *at, const char *name,
                      const ProvisionValue *members)
{
    if (!provision_cloud_is_name(name)) {
        provision_cloud_fail(cloud, at, "‘%s’ cannot be the name of a group", name);
        return;
    }
    ProvisionGroup *group = provision_group_new(at, name);
    g_ptr_array_add(cloud->plan->groups, group);
    if (members == NULL || members->kind == PROVISION_VALUE_NULL)
        return;
    g_auto(GStrv) names = read_names(cloud, members);
    if (check_names(cloud, &members->at, names))
        group->members = g_steal_pointer(&names);
}

static void read_group_map(ProvisionCloud *cloud, const ProvisionValue *map)
{
    for (guint i = 0; i < map->members->len; i++) {
        const ProvisionMember *member = map->members->pdata[i];
        add_group(cloud, &member->at, member->name, member->value);
    }
}

void provision_cloud_read_groups(ProvisionCloud *cloud, const ProvisionMember *member,
                                 gpointer target)
{
    const ProvisionValue *groups = member->value;
    (void)target;
    if (groups->kind == PROVISION_VALUE_MAP) {
        read_group_map(cloud, groups);
        return;
    }
    guint count = groups->kind == PROVISION_VALUE_LIST ? groups->items->len : 1;
    for (guint i = 0; i < count && groups->kind != PROVISION_VALUE_NULL; i++) {
        const ProvisionValue *item =
            groups->kind == PROVISION_VALUE_LIST ? groups->items->pdata[i] : groups;
        if (item->kind == PROVISION_VALUE_MAP) {
            read_group_map(cloud, item);
            continue;
        }
        g_auto(GStrv) names = read_names(cloud, item);
        for (unsigned n = 0; names[n] != NULL; n++)
            add_group(cloud, &item->at, names[n], NULL);
    }
}

/* $ID$SALT$HASH of crypt(5), as cloud-init tells hashes from passwords. */
static bool is_hash(const char *text)
{
    static const char *const ids[] = {"1", "2a", "2b", "2y", "5", "6", "7", "y", "gy", NULL};
    if (text[0] != '$')
        return false;
    const char *end = strchr(text + 1, '$');
    g_autofree char *id = end == NULL ? NULL : g_strndup(text + 1, (gsize)(end - text - 1));
    return id != NULL && g_strv_contains(ids, id) && strchr(end + 1, '$') != NULL;
}

static void add_password(ProvisionCloud *cloud, const ProvisionPlace *at, const char *name,
                         const char *password, const char *type)
{
    if (!provision_cloud_is_name(name)) {
        provision_cloud_fail(cloud, at, "‘%s’ cannot be the name of a user", name);
        return;
    }
    ProvisionPassword *entry = provision_password_new(at, name);
    g_ptr_array_add(cloud->plan->passwords, entry);
    if (g_strcmp0(type, "RANDOM") == 0)
        entry->random = true;
    else if (g_strcmp0(type, "hash") == 0)
        entry->hash = g_strdup(password);
    else
        entry->plain = g_strdup(password);
}

/* "NAME:PASSWORD", "NAME:RANDOM", "NAME:$6$…" */
static void read_password_line(ProvisionCloud *cloud, const ProvisionPlace *at, char *line)
{
    g_strstrip(line);
    if (line[0] == '\0')
        return;
    char *colon = strchr(line, ':');
    if (colon == NULL) {
        provision_cloud_fail(cloud, at, "a line must be NAME:PASSWORD");
        return;
    }
    *colon = '\0';
    const char *password = colon + 1;
    bool random = strcmp(password, "R") == 0 || strcmp(password, "RANDOM") == 0;
    bool hash = is_hash(password) && strchr(password, ':') == NULL;
    add_password(cloud, at, line, password, random ? "RANDOM" : hash ? "hash" : "text");
}

static void read_password_entry(ProvisionCloud *cloud, const ProvisionValue *entry)
{
    static const char *const known[] = {"name", "password", "type", NULL};
    static const char *const types[] = {"hash", "text", "RANDOM", NULL};
    g_autofree char *name = NULL;
    g_autofree char *password = NULL;
    g_autofree char *type = NULL;
    for (guint i = 0; i < entry->members->len; i++) {
        const ProvisionMember *member = entry->members->pdata[i];
        if (!g_strv_contains(known, member->name)) {
            provision_report_add(cloud->report, &member->at, PROVISION_UNKNOWN, "unknown key");
            continue;
        }
        char **to = member->name[0] == 'n' ? &name : member->name[0] == 'p' ? &password : &type;
        g_free(*to);
        *to = provision_cloud_text(cloud, member->value);
    }
    const char *kind = type == NULL ? "hash" : type;
    if (!g_strv_contains(types, kind))
        provision_cloud_fail(cloud, &entry->at, "type must be hash, text or RANDOM, not ‘%s’",
                             kind);
    else if (name == NULL || (password == NULL && strcmp(kind, "RANDOM") != 0))
        provision_cloud_fail(cloud, &entry->at, "wants a name, and a password or type: RANDOM");
    else if (strcmp(kind, "hash") == 0 && password != NULL && !is_one_line(password))
        provision_cloud_fail(cloud, &entry->at, "the password is no hash of crypt(5)");
    else
        add_password(cloud, &entry->at, name, password, kind);
}

void provision_cloud_read_chpasswd(ProvisionCloud *cloud, const ProvisionMember *member,
                                   gpointer target)
{
    const ProvisionValue *list = member->value;
    bool users = strcmp(member->name, "users") == 0;
    (void)target;
    guint count = list->kind == PROVISION_VALUE_LIST ? list->items->len : 1;
    for (guint i = 0; i < count && list->kind != PROVISION_VALUE_NULL; i++) {
        const ProvisionValue *item =
            list->kind == PROVISION_VALUE_LIST ? list->items->pdata[i] : list;
        if (users && item->kind == PROVISION_VALUE_MAP) {
            read_password_entry(cloud, item);
            continue;
        }
        if (users) {
            provision_cloud_fail(cloud, &item->at, "must be a mapping with name and password");
            continue;
        }
        g_autofree char *text = provision_cloud_text(cloud, item);
        g_auto(GStrv) lines = g_strsplit(text == NULL ? "" : text, "\n", -1);
        for (unsigned l = 0; lines[l] != NULL; l++)
            read_password_line(cloud, &item->at, lines[l]);
    }
}
