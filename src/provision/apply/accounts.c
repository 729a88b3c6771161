/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The user database of a root: reading and writing the files, finding lines and ids. What a new
 * user or group looks like is in accounts-add.c.
 */
#include "provision/apply/accounts.h"

#include "base/error.h"
#include "base/fd.h"
#include "provision/apply/accounts-private.h"
#include "provision/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define LOCK_TRIES 150
#define LOCK_WAIT_US 100000
#define NAME_MAX_CHARS 32

static const struct {
    const char *path;
    mode_t mode;
    const char *group;
} database[PROVISION_ACCOUNTS_FILES] = {
    [PROVISION_ACCOUNTS_SUBUID] = {"/etc/subuid", 0644, NULL},
    [PROVISION_ACCOUNTS_SUBGID] = {"/etc/subgid", 0644, NULL},
    [PROVISION_ACCOUNTS_GSHADOW] = {"/etc/gshadow", 0640, "shadow"},
    [PROVISION_ACCOUNTS_GROUP] = {"/etc/group", 0644, NULL},
    [PROVISION_ACCOUNTS_SHADOW] = {"/etc/shadow", 0640, "shadow"},
    [PROVISION_ACCOUNTS_PASSWD] = {"/etc/passwd", 0644, NULL},
};

static GPtrArray *split_lines(const char *text)
{
    GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) split = g_strsplit(text != NULL ? text : "", "\n", -1);
    for (char **line = split; *line != NULL; line++)
        if (line[1] != NULL || **line != '\0')
            g_ptr_array_add(lines, g_strdup(*line));
    return lines;
}

static bool lock(ProvisionAccounts *self, GError **error)
{
    g_autofree char *name = NULL;
    base_autofd dfd = provision_root_open_parent(
        self->root, "/etc/.pwd.lock", PROVISION_ROOT_UNWATCHED, true, &name, NULL, error);
    if (dfd < 0)
        return false;
    self->lock = openat(dfd, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (self->lock < 0)
        return base_error_set_errno(error, errno, "opening ‘/etc/.pwd.lock’");
    const struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    for (unsigned i = 0; i < LOCK_TRIES; i++) {
        if (fcntl(self->lock, F_SETLK, &whole) == 0)
            return true;
        if (errno != EACCES && errno != EAGAIN)
            break;
        g_usleep(LOCK_WAIT_US);
    }
    return base_error_set_errno(error, errno, "locking the user database (‘/etc/.pwd.lock’)");
}

static void read_settings(ProvisionAccounts *self, const char *path, const char *separators)
{
    g_autofree char *text = provision_root_read_text(self->root, path);
    g_autoptr(GPtrArray) lines = split_lines(text);
    for (guint i = 0; i < lines->len; i++) {
        const char *line = g_strstrip(lines->pdata[i]);
        size_t name_size = strcspn(line, separators);
        if (line[0] == '#' || line[name_size] == '\0')
            continue;
        g_hash_table_replace(self->settings, g_strndup(line, name_size),
                             g_strstrip(g_strdup(line + name_size + 1)));
    }
}

ProvisionAccounts *provision_accounts_open(ProvisionRoot *root, GError **error)
{
    g_autoptr(ProvisionAccounts) self = g_new0(ProvisionAccounts, 1);
    self->root = root;
    self->lock = -1;
    self->settings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    if (!lock(self, error))
        return NULL;
    for (unsigned i = 0; i < PROVISION_ACCOUNTS_FILES; i++) {
        g_autoptr(GError) local = NULL;
        g_autoptr(GBytes) bytes = provision_root_read(root, database[i].path, &local);
        if (bytes == NULL && !g_error_matches(local, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
            g_propagate_error(error, g_steal_pointer(&local));
            return NULL;
        }
        self->missing[i] = bytes == NULL;
        size_t size_bytes = 0;
        const char *text = bytes != NULL ? g_bytes_get_data(bytes, &size_bytes) : NULL;
        g_autofree char *copy = g_strndup(text != NULL ? text : "", size_bytes);
        self->lines[i] = split_lines(copy);
    }
    g_autofree char *passwd = provision_root_read_text(root, "/usr/lib/passwd");
    g_autofree char *group = provision_root_read_text(root, "/usr/lib/group");
    self->below_passwd = split_lines(passwd);
    self->below_group = split_lines(group);
    read_settings(self, "/etc/login.defs", " \t");
    read_settings(self, "/etc/default/useradd", "=");
    return g_steal_pointer(&self);
}

void provision_accounts_free(ProvisionAccounts *self)
{
    if (self == NULL)
        return;
    for (unsigned i = 0; i < PROVISION_ACCOUNTS_FILES; i++)
        g_clear_pointer(&self->lines[i], g_ptr_array_unref);
    g_clear_pointer(&self->below_passwd, g_ptr_array_unref);
    g_clear_pointer(&self->below_group, g_ptr_array_unref);
    g_hash_table_unref(self->settings);
    if (self->lock >= 0)
        (void)close(self->lock);
    g_free(self);
}

static bool write_file(ProvisionAccounts *self, unsigned file, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < self->lines[file]->len; i++)
        g_string_append_printf(text, "%s\n", (char *)self->lines[file]->pdata[i]);
    ProvisionRootOwner owner = {database[file].mode, geteuid(), getegid()};
    gid_t gid = 0;
    if (database[file].group != NULL && geteuid() == 0 &&
        provision_accounts_find_group(self, database[file].group, &gid))
        owner.gid = gid;
    else if (database[file].group != NULL)
        owner.mode = 0600;
    return provision_root_write(self->root, database[file].path, text->str, text->len, &owner,
                                PROVISION_ROOT_SYNC | PROVISION_ROOT_UNWATCHED |
                                    PROVISION_ROOT_KEEP | PROVISION_ROOT_FOLLOW,
                                NULL, error);
}

bool provision_accounts_save(ProvisionAccounts *self, GError **error)
{
    for (unsigned i = 0; i < PROVISION_ACCOUNTS_FILES; i++) {
        if (!self->changed[i])
            continue;
        if (!write_file(self, i, error))
            return false;
        self->changed[i] = false;
    }
    return true;
}

bool provision_accounts_check_name(const char *name, GError **error)
{
    size_t size = strlen(name);
    bool good = size > 0 && size <= NAME_MAX_CHARS && name[0] != '-' && strcmp(name, ".") != 0 &&
                strcmp(name, "..") != 0;
    bool all_digits = true;
    for (const char *c = name; *c != '\0'; c++) {
        good = good && (g_ascii_isalnum(*c) || strchr("_.-", *c) != NULL ||
                        (*c == '$' && c[1] == '\0' && c != name));
        all_digits = all_digits && g_ascii_isdigit(*c);
    }
    if (good && !all_digits)
        return true;
    g_autofree char *shown = g_strescape(name, NULL);
    g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                "‘%s’ is no name of a user or group: 1 to %d letters, digits, ‘_’, ‘.’ and ‘-’, "
                "not digits only",
                shown, NAME_MAX_CHARS);
    return false;
}

bool provision_accounts_check_field(const char *what, const char *text, GError **error)
{
    if (text == NULL || strpbrk(text, ":\n\r") == NULL)
        return true;
    g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                "%s may have neither a colon nor a line break", what);
    return false;
}

void provision_account_clear(ProvisionAccount *self)
{
    g_clear_pointer(&self->home, g_free);
}

static guint find(GPtrArray *lines, const char *name)
{
    size_t size = strlen(name);
    for (guint i = 0; i < lines->len; i++)
        if (strncmp(lines->pdata[i], name, size) == 0 && ((char *)lines->pdata[i])[size] == ':')
            return i;
    return G_MAXUINT;
}

static const char *find_line(GPtrArray *lines, GPtrArray *below, const char *name)
{
    guint i = find(lines, name);
    if (i != G_MAXUINT)
        return lines->pdata[i];
    i = below != NULL ? find(below, name) : G_MAXUINT;
    return i != G_MAXUINT ? below->pdata[i] : NULL;
}

/* (transfer full): field @index of @line, or NULL */
static char *field_of(const char *line, unsigned index)
{
    g_auto(GStrv) fields = g_strsplit(line, ":", -1);
    return g_strv_length(fields) > index ? g_strdup(fields[index]) : NULL;
}

static bool number_of(const char *line, unsigned index, uint32_t *out_number)
{
    g_autofree char *text = field_of(line, index);
    guint64 number = 0;
    if (text == NULL || !g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32 - 1, &number, NULL))
        return false;
    *out_number = (uint32_t)number;
    return true;
}

bool provision_accounts_find_user(ProvisionAccounts *self, const char *name,
                                  ProvisionAccount *out_account)
{
    const char *line = find_line(self->lines[PROVISION_ACCOUNTS_PASSWD], self->below_passwd, name);
    uint32_t uid = 0;
    uint32_t gid = 0;
    if (line == NULL || !number_of(line, 2, &uid) || !number_of(line, 3, &gid))
        return false;
    if (out_account != NULL) {
        provision_account_clear(out_account);
        *out_account = (ProvisionAccount){uid, gid, field_of(line, 5)};
    }
    return true;
}

bool provision_accounts_find_group(ProvisionAccounts *self, const char *name, gid_t *out_gid)
{
    const char *line = find_line(self->lines[PROVISION_ACCOUNTS_GROUP], self->below_group, name);
    uint32_t gid = 0;
    guint64 number = 0;
    if (line == NULL && g_ascii_string_to_unsigned(name, 10, 0, G_MAXUINT32 - 1, &number, NULL)) {
        *out_gid = (gid_t)number;
        return true;
    }
    if (line == NULL || !number_of(line, 2, &gid))
        return false;
    if (out_gid != NULL)
        *out_gid = gid;
    return true;
}

char *provision_accounts_line(ProvisionAccounts *self, ProvisionAccountsFile file, const char *name)
{
    return g_strdup(find_line(self->lines[file], NULL, name));
}

void provision_accounts_set_line(ProvisionAccounts *self, ProvisionAccountsFile file,
                                 const char *name, const char *line)
{
    guint i = find(self->lines[file], name);
    if (line == NULL) {
        if (i == G_MAXUINT)
            return;
        g_ptr_array_remove_index(self->lines[file], i);
    } else if (i == G_MAXUINT) {
        g_ptr_array_add(self->lines[file], g_strdup(line));
    } else if (strcmp(self->lines[file]->pdata[i], line) != 0) {
        g_free(self->lines[file]->pdata[i]);
        self->lines[file]->pdata[i] = g_strdup(line);
    } else {
        return;
    }
    self->changed[file] = true;
}

void provision_accounts_remove(ProvisionAccounts *self, ProvisionAccountsFile file,
                               const char *name)
{
    provision_accounts_set_line(self, file, name, NULL);
}

bool provision_accounts_set_field(ProvisionAccounts *self, ProvisionAccountsFile file,
                                  const char *name, unsigned field, const char *text)
{
    g_autofree char *line = g_strdup(find_line(
        self->lines[file], file == PROVISION_ACCOUNTS_PASSWD ? self->below_passwd : NULL, name));
    if (line == NULL && file == PROVISION_ACCOUNTS_SHADOW &&
        provision_accounts_find_user(self, name, NULL))
        line =
            g_strdup_printf("%s:!*:%" G_GINT64_FORMAT "::::::", name, provision_accounts_today());
    if (line == NULL)
        return false;
    g_auto(GStrv) fields = g_strsplit(line, ":", -1);
    if (g_strv_length(fields) <= field)
        return false;
    g_free(fields[field]);
    fields[field] = g_strdup(text);
    g_autofree char *joined = g_strjoinv(":", fields);
    provision_accounts_set_line(self, file, name, joined);
    return true;
}

const char *provision_accounts_setting(ProvisionAccounts *self, const char *name)
{
    return g_hash_table_lookup(self->settings, name);
}

int64_t provision_accounts_today(void)
{
    return g_get_real_time() / G_USEC_PER_SEC / (24 * 60 * 60);
}

static bool number_taken(GPtrArray *lines, uint32_t wanted)
{
    for (guint i = 0; i < lines->len; i++) {
        uint32_t number = 0;
        if (number_of(lines->pdata[i], 2, &number) && number == wanted)
            return true;
    }
    return false;
}

bool provision_accounts_id_taken(ProvisionAccounts *self, ProvisionAccountsFile file, uint32_t id)
{
    return number_taken(self->lines[file], id) ||
           number_taken(file == PROVISION_ACCOUNTS_PASSWD ? self->below_passwd : self->below_group,
                        id);
}

static void note_numbers(GPtrArray *lines, uint32_t min, uint32_t max, bool highest,
                         uint32_t *inout_edge, bool *inout_found)
{
    for (guint i = 0; i < lines->len; i++) {
        uint32_t number = 0;
        if (!number_of(lines->pdata[i], 2, &number) || number < min || number > max)
            continue;
        if (!*inout_found || (highest ? number > *inout_edge : number < *inout_edge))
            *inout_edge = number;
        *inout_found = true;
    }
}

bool provision_accounts_edge(ProvisionAccounts *self, ProvisionAccountsFile file, uint32_t min,
                             uint32_t max, bool highest, uint32_t *out_edge)
{
    bool found = false;
    note_numbers(self->lines[file], min, max, highest, out_edge, &found);
    note_numbers(file == PROVISION_ACCOUNTS_PASSWD ? self->below_passwd : self->below_group, min,
                 max, highest, out_edge, &found);
    return found;
}
