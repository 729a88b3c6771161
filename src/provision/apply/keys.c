/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Authorized keys: merged into what a user has by the key itself, so that a second run adds
 * nothing; modes and owners as sshd wants them.
 */
#include "provision/apply/apply.h"

#include "base/error.h"
#include "provision/error.h"

#include <string.h>
#include <unistd.h>

#define REDIRECT                                                                                   \
    "no-port-forwarding,no-agent-forwarding,no-X11-forwarding,command=\"echo 'Please login as "    \
    "the user \\\"$USER\\\" rather than the user \\\"$DISABLE_USER\\\".';echo;sleep 10;exit 142\""

static char *replace_all(const char *text, const char *what, const char *with)
{
    g_auto(GStrv) parts = g_strsplit(text, what, -1);
    return g_strjoinv(with, parts);
}

char *provision_apply_redirect_options(const char *pattern, const char *user, const char *disabled)
{
    g_autofree char *first = replace_all(pattern != NULL ? pattern : REDIRECT, "$USER", user);
    return replace_all(first, "$DISABLE_USER", disabled);
}

/* The base64 of a key's line: the word after its type, options before it left aside. */
static const char *blob_of(const char *line, size_t *out_size)
{
    static const char *const types[] = {"ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-", "rsa-", NULL};
    bool quoted = false;
    bool begins = true;
    for (const char *c = line; *c != '\0'; c++) {
        if (begins && !quoted) {
            for (const char *const *type = types; *type != NULL; type++) {
                if (!g_str_has_prefix(c, *type))
                    continue;
                const char *blob = c + strcspn(c, " \t");
                blob += strspn(blob, " \t");
                *out_size = strcspn(blob, " \t\r\n");
                return *out_size > 0 ? blob : NULL;
            }
        }
        if (*c == '"' && (c == line || c[-1] != '\\'))
            quoted = !quoted;
        begins = *c == ' ' || *c == '\t';
    }
    return NULL;
}

static guint find_key(GPtrArray *lines, const char *blob, size_t size)
{
    for (guint i = 0; i < lines->len; i++) {
        size_t there_size = 0;
        const char *there = blob_of(lines->pdata[i], &there_size);
        if (there != NULL && there_size == size && memcmp(there, blob, size) == 0)
            return i;
    }
    return G_MAXUINT;
}

static bool add_key(GPtrArray *lines, const char *key, const char *options, GError **error)
{
    g_autofree char *stripped = g_strstrip(g_strdup(key));
    size_t size = 0;
    if (stripped[0] == '\0' || stripped[0] == '#')
        return true;
    const char *blob = blob_of(stripped, &size);
    if (blob == NULL || strpbrk(stripped, "\n\r") != NULL) {
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                    "‘%.24s…’ is no public key: “TYPE BASE64 COMMENT” on one line is wanted",
                    stripped);
        return false;
    }
    guint i = find_key(lines, blob, size);
    char *line = options != NULL && options[0] != '\0' ? g_strdup_printf("%s %s", options, stripped)
                                                       : g_steal_pointer(&stripped);
    if (i == G_MAXUINT) {
        g_ptr_array_add(lines, line);
    } else {
        g_free(lines->pdata[i]);
        lines->pdata[i] = line;
    }
    return true;
}

/* Where sshd looks: the first of AuthorizedKeysFile. */
static char *keys_path(ProvisionApply *self, const char *user, const char *home)
{
    g_autofree char *text = provision_root_read_text(self->root, "/etc/ssh/sshd_config");
    g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);
    g_autofree char *setting = g_strdup(".ssh/authorized_keys");
    for (char **line = lines; *line != NULL; line++) {
        const char *word = g_strstrip(*line);
        size_t size = strlen("AuthorizedKeysFile");
        if (g_ascii_strncasecmp(word, "AuthorizedKeysFile", size) != 0 ||
            (word[size] != ' ' && word[size] != '\t'))
            continue;
        word += size + strspn(word + size, " \t");
        g_free(setting);
        setting = g_strndup(word, strcspn(word, " \t"));
        break;
    }
    g_autofree char *with_home = replace_all(setting, "%h", home);
    g_autofree char *with_user = replace_all(with_home, "%u", user);
    return with_user[0] == '/' ? g_steal_pointer(&with_user)
                               : g_build_filename(home, with_user, NULL);
}

static GPtrArray *read_lines(ProvisionApply *self, const char *path)
{
    g_autofree char *text = provision_root_read_text(self->root, path);
    GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) split = g_strsplit(text != NULL ? text : "", "\n", -1);
    for (char **line = split; *line != NULL; line++)
        if (line[1] != NULL || **line != '\0')
            g_ptr_array_add(lines, g_strdup(*line));
    return lines;
}

/* The directories between home and file are the user's; all others stay as they are. */
static bool make_dirs(ProvisionApply *self, const char *home, const char *directory,
                      const ProvisionRootOwner *owner, GError **error)
{
    struct stat st = {0};
    bool inside = g_str_has_prefix(directory, home) && directory[strlen(home)] == '/';
    if (provision_root_stat(self->root, directory, PROVISION_ROOT_FOLLOW, &st))
        return true;
    if (inside) {
        g_autofree char *above = g_path_get_dirname(directory);
        if (!make_dirs(self, home, above, owner, error))
            return false;
    }
    const ProvisionRootOwner root = {0755, geteuid(), getegid()};
    return provision_root_make_dir(self->root, directory, inside ? owner : &root,
                                   PROVISION_ROOT_DEFAULT, NULL, error);
}

bool provision_apply_user_keys(ProvisionApply *self, ProvisionAccounts *accounts, const char *user,
                               const char *const *keys, const char *options, bool dropin,
                               bool *out_changed, GError **error)
{
    g_auto(ProvisionAccount) account = {0};
    if (!provision_accounts_find_user(accounts, user, &account) || account.home == NULL ||
        account.home[0] != '/')
        return base_error_set(error, BASE_ERROR_FAILED, "no user ‘%s’ with a home to put keys into",
                              user);
    g_autofree char *path =
        dropin ? g_build_filename(account.home, ".ssh/authorized_keys.d/ignition", NULL)
               : keys_path(self, user, account.home);
    g_autoptr(GPtrArray) lines =
        dropin ? g_ptr_array_new_with_free_func(g_free) : read_lines(self, path);
    for (const char *const *key = keys; *key != NULL; key++)
        if (!add_key(lines, *key, options, error))
            return false;
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < lines->len; i++)
        g_string_append_printf(text, "%s\n", (char *)lines->pdata[i]);
    bool as_root = geteuid() == 0;
    const ProvisionRootOwner owner = {0600, as_root ? account.uid : geteuid(),
                                      as_root ? account.gid : getegid()};
    const ProvisionRootOwner directory_owner = {0700, owner.uid, owner.gid};
    g_autofree char *directory = g_path_get_dirname(path);
    return make_dirs(self, account.home, directory, &directory_owner, error) &&
           provision_root_write(self->root, path, text->str, text->len, &owner,
                                PROVISION_ROOT_DEFAULT, out_changed, error);
}
