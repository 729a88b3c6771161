/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a plan would do to a root, found by looking only: links are resolved inside the root.
 */
#include "cmd/provision/preview.h"

#include "base/error.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_ACCOUNT_BYTES (16 * 1024 * 1024)

typedef struct {
    int root;
    GPtrArray *changes;
    GHashTable *users;
    GHashTable *groups;
} Preview;

static void change_free(gpointer data)
{
    CmdProvisionChange *self = data;
    g_free(self->name);
    g_free(self);
}

static void add(const Preview *p, const ProvisionPlace *at, const char *what, const char *verb,
                const char *name)
{
    CmdProvisionChange *change = g_new0(CmdProvisionChange, 1);
    change->at = *at;
    change->what = what;
    change->verb = verb;
    change->name = g_strdup(name);
    g_ptr_array_add(p->changes, change);
}

static int open_in(const Preview *p, const char *path, unsigned flags)
{
    const struct open_how how = {.flags = flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
                                 .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, p->root, path, &how, sizeof how);
}

/* The names in /etc/passwd or /etc/group, and in the image's own below /usr/lib. */
static GHashTable *read_names(const Preview *p, const char *file)
{
    static const char *const dirs[] = {"etc", "usr/lib"};
    GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(dirs); i++) {
        g_autofree char *path = g_build_filename(dirs[i], file, NULL);
        base_autofd fd = open_in(p, path, O_RDONLY);
        struct stat st;
        if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > MAX_ACCOUNT_BYTES)
            continue;
        g_autofree char *text = g_malloc0((size_t)st.st_size + 1);
        ssize_t n = read(fd, text, (size_t)st.st_size);
        text[n < 0 ? 0 : n] = '\0';
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        for (unsigned l = 0; lines[l] != NULL; l++) {
            char *colon = strchr(lines[l], ':');
            if (colon != NULL)
                g_hash_table_add(names, g_strndup(lines[l], (gsize)(colon - lines[l])));
        }
    }
    return names;
}

static bool has_contents(int fd, GBytes *wanted)
{
    gsize size_bytes = 0;
    const char *data = g_bytes_get_data(wanted, &size_bytes);
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (gsize)st.st_size != size_bytes)
        return false;
    g_autofree char *there = g_malloc(size_bytes + 1);
    ssize_t n = pread(fd, there, size_bytes, 0);
    return n >= 0 && (gsize)n == size_bytes &&
           (size_bytes == 0 || memcmp(there, data, size_bytes) == 0);
}

static const char *file_verb(const Preview *p, const ProvisionNode *node)
{
    base_autofd fd = open_in(p, node->path, O_RDONLY);
    struct stat st;
    if (fd < 0)
        return "create";
    if (node->contents == NULL)
        return node->appends != NULL && node->appends->len > 0 ? "change" : "keep";
    bool same = node->contents->inline_bytes != NULL && node->contents->url == NULL &&
                has_contents(fd, node->contents->inline_bytes) && fstat(fd, &st) == 0 &&
                (node->mode < 0 || (st.st_mode & 07777) == (mode_t)node->mode);
    return same ? "keep" : "change";
}

static void preview_node(const Preview *p, const ProvisionNode *node)
{
    static const char *const kinds[] = {"file", "directory", "link"};
    const char *verb = "create";
    if (node->kind == PROVISION_FILE) {
        verb = file_verb(p, node);
    } else {
        base_autofd fd = open_in(p, node->path, O_PATH | O_NOFOLLOW);
        verb = fd < 0 ? "create" : "keep";
    }
    add(p, &node->at, kinds[node->kind], verb, node->path);
}

static void preview_accounts(const Preview *p, const ProvisionPlan *plan)
{
    for (guint i = 0; i < plan->groups->len; i++) {
        const ProvisionGroup *group = plan->groups->pdata[i];
        bool there = g_hash_table_contains(p->groups, group->name);
        add(p, &group->at, "group",
            !group->should_exist ? "remove"
            : there              ? "keep"
                                 : "create",
            group->name);
    }
    for (guint i = 0; i < plan->users->len; i++) {
        const ProvisionUser *user = plan->users->pdata[i];
        bool there = g_hash_table_contains(p->users, user->name);
        add(p, &user->at, user->is_default ? "default user" : "user",
            !user->should_exist ? "remove"
            : there             ? "change"
                                : "create",
            user->name);
    }
    for (guint i = 0; i < plan->passwords->len; i++) {
        const ProvisionPassword *password = plan->passwords->pdata[i];
        add(p, &password->at, "password", "set", password->name);
    }
}

static void preview_units(const Preview *p, const ProvisionPlan *plan)
{
    for (guint i = 0; i < plan->units->len; i++) {
        const ProvisionUnit *unit = plan->units->pdata[i];
        g_autofree char *path = g_build_filename("etc/systemd/system", unit->name, NULL);
        base_autofd fd = open_in(p, path, O_PATH);
        add(p, &unit->at, "unit", fd < 0 ? "create" : "change", unit->name);
    }
}

static void preview_disks(const Preview *p, const ProvisionPlan *plan)
{
    for (guint i = 0; i < plan->disks->len; i++) {
        const ProvisionDisk *disk = plan->disks->pdata[i];
        add(p, &disk->at, "disk", disk->wipe_table ? "wipe" : "change", disk->device);
    }
    for (guint i = 0; i < plan->raids->len; i++) {
        const ProvisionRaid *raid = plan->raids->pdata[i];
        add(p, &raid->at, "raid", "create", raid->name);
    }
    for (guint i = 0; i < plan->luks->len; i++) {
        const ProvisionLuks *luks = plan->luks->pdata[i];
        add(p, &luks->at, "luks", luks->wipe ? "wipe" : "create", luks->name);
    }
    for (guint i = 0; i < plan->filesystems->len; i++) {
        const ProvisionFilesystem *filesystem = plan->filesystems->pdata[i];
        g_autofree char *name = g_strdup_printf("%s on %s", filesystem->format, filesystem->device);
        add(p, &filesystem->at, "filesystem", filesystem->wipe ? "wipe" : "create", name);
    }
    for (guint i = 0; i < plan->mounts->len; i++) {
        const ProvisionMount *mount = plan->mounts->pdata[i];
        add(p, &mount->at, "mount", mount->remove ? "remove" : "set",
            mount->fields[1] != NULL ? mount->fields[1] : mount->fields[0]);
    }
}

static void preview_rest(const Preview *p, const ProvisionPlan *plan)
{
    const ProvisionSettings *s = &plan->settings;
    const struct {
        const char *name;
        const ProvisionText *text;
    } texts[] = {{"hostname", &s->hostname},
                 {"fqdn", &s->fqdn},
                 {"timezone", &s->timezone},
                 {"locale", &s->locale},
                 {"keyboard", &s->keyboard_layout}};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *name = g_strdup_printf("%s %s", texts[i].name, texts[i].text->text);
        if (texts[i].text->text != NULL)
            add(p, &texts[i].text->at, "setting", "set", name);
    }
    for (guint i = 0; plan->network != NULL && i < plan->network->interfaces->len; i++) {
        const ProvisionInterface *interface = plan->network->interfaces->pdata[i];
        add(p, &interface->at, "interface", "set", interface->id);
    }
    for (guint i = 0; i < plan->kargs->len; i++) {
        const ProvisionKarg *karg = plan->kargs->pdata[i];
        add(p, &karg->at, "kernel argument", karg->should_exist ? "set" : "remove", karg->text);
    }
    for (unsigned i = 0;
         plan->packages.names.texts != NULL && plan->packages.names.texts[i] != NULL; i++)
        add(p, &plan->packages.names.at, "package", "ask", plan->packages.names.texts[i]);
    for (guint i = 0; i < plan->commands->len; i++) {
        const ProvisionCommand *command = plan->commands->pdata[i];
        add(p, &command->at, "command", "run", command->name != NULL ? command->name : "");
    }
    if (s->power_mode.text != NULL)
        add(p, &s->power_mode.at, "power", "run", s->power_mode.text);
}

GPtrArray *cmd_provision_preview(const ProvisionPlan *plan, const char *root, GError **error)
{
    base_autofd fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        int saved_errno = errno;
        base_error_set_errno(error, saved_errno, "opening ‘%s’", root);
        return NULL;
    }
    g_autoptr(GPtrArray) changes = g_ptr_array_new_with_free_func(change_free);
    Preview p = {.root = fd, .changes = changes};
    g_autoptr(GHashTable) users = p.users = read_names(&p, "passwd");
    g_autoptr(GHashTable) groups = p.groups = read_names(&p, "group");
    preview_disks(&p, plan);
    preview_accounts(&p, plan);
    for (guint i = 0; i < plan->nodes->len; i++)
        preview_node(&p, plan->nodes->pdata[i]);
    preview_units(&p, plan);
    preview_rest(&p, plan);
    return g_steal_pointer(&changes);
}

ProvisionValue *cmd_provision_changes_value(const GPtrArray *changes)
{
    static const ProvisionPlace nowhere = {0};
    ProvisionValue *list = provision_value_new(&nowhere, PROVISION_VALUE_LIST);
    for (guint i = 0; i < changes->len; i++) {
        const CmdProvisionChange *change = changes->pdata[i];
        ProvisionValue *map = provision_value_new(&nowhere, PROVISION_VALUE_MAP);
        provision_value_set_string(map, "do", change->verb);
        provision_value_set_string(map, "what", change->what);
        provision_value_set_string(map, "name", change->name);
        provision_value_set_string(map, "key", change->at.key);
        provision_value_take_item(list, map);
    }
    return list;
}

void cmd_provision_print_changes(const GPtrArray *changes)
{
    for (guint i = 0; i < changes->len; i++) {
        const CmdProvisionChange *change = changes->pdata[i];
        printf("%s %s %s\n", change->verb, change->what, change->name);
    }
}
