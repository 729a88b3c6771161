/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Passwords: crypt(3) hashes, chpasswd's list, random ones that only the console sees.
 */
#include "provision/apply/apply.h"

#include "base/error.h"
#include "base/fd.h"
#include "provision/error.h"

#include <crypt.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define RANDOM_CHARS 20

/* What pam_unix is told to make of new passwords. */
static bool wants_sha512(ProvisionApply *self)
{
    g_autofree char *text = provision_root_read_text(self->root, "/etc/pam.d/common-password");
    g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);
    for (char **line = lines; *line != NULL; line++)
        if (g_str_has_prefix(*line, "password") && strstr(*line, "pam_unix.so") != NULL)
            return strstr(*line, "sha512") != NULL;
    return false;
}

char *provision_apply_hash(ProvisionApply *self, const char *plain, GError **error)
{
    const char *prefix = wants_sha512(self) ? "$6$" : "$y$";
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    struct crypt_data data;
    memset(&data, 0, sizeof data);
    const char *hash = NULL;
    if (crypt_gensalt_rn(prefix, 0, NULL, 0, setting, sizeof setting) != NULL)
        hash = crypt_rn(plain, setting, &data, sizeof data);
    char *copy = hash != NULL && hash[0] != '*' ? g_strdup(hash) : NULL;
    explicit_bzero(&data, sizeof data);
    if (copy == NULL)
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_FAILED,
                    "hashing a password: libcrypt refuses it");
    return copy;
}

static char *random_password(void)
{
    static const char set[] = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    char *password = g_new0(char, RANDOM_CHARS + 1);
    for (unsigned i = 0; i < RANDOM_CHARS;) {
        unsigned char byte = 0;
        if (getrandom(&byte, 1, 0) != 1 || byte >= 256 / (sizeof set - 1) * (sizeof set - 1))
            continue;
        password[i++] = set[byte % (sizeof set - 1)];
    }
    return password;
}

/* Only to the console: never to a log that others may read. */
static void show_random(ProvisionApply *self, const char *user, const char *password)
{
    base_autofd fd = provision_root_is_running(self->root)
                         ? open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC)
                         : -1;
    g_autofree char *text = g_strdup_printf(
        "\r\natoll-provision: the random password of ‘%s’ is %s\r\n", user, password);
    g_autoptr(GError) ignored = NULL;
    if (fd >= 0 && !base_fd_write_all(fd, text, strlen(text), &ignored))
        g_debug("%s", ignored->message);
    explicit_bzero(text, strlen(text));
}

static bool set_hash(ProvisionApply *self, ProvisionAccounts *accounts, const char *user,
                     const char *hash, bool expire, GError **error)
{
    g_autofree char *today =
        expire ? g_strdup("0") : g_strdup_printf("%" G_GINT64_FORMAT, provision_accounts_today());
    if (!provision_accounts_check_field("the password's hash", hash, error))
        return false;
    if (!provision_accounts_find_user(accounts, user, NULL) ||
        !provision_accounts_set_field(accounts, PROVISION_ACCOUNTS_SHADOW, user, 1, hash))
        return base_error_set(error, BASE_ERROR_FAILED, "no user ‘%s’ exists", user);
    return provision_accounts_set_field(accounts, PROVISION_ACCOUNTS_SHADOW, user, 2, today);
}

static bool set_one(ProvisionApply *self, ProvisionAccounts *accounts, const char *user,
                    const char *hash, const char *plain, bool expire, GError **error)
{
    g_autofree char *made = NULL;
    if (hash == NULL) {
        made = provision_apply_hash(self, plain, error);
        if (made == NULL)
            return false;
    }
    return set_hash(self, accounts, user, hash != NULL ? hash : made, expire, error);
}

static void set_listed(ProvisionApply *self, ProvisionAccounts *accounts,
                       const ProvisionPassword *entry, bool expire)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *random = entry->random ? random_password() : NULL;
    bool good = set_one(self, accounts, entry->name, entry->hash,
                        random != NULL         ? random
                        : entry->plain != NULL ? entry->plain
                                               : "",
                        expire && (entry->hash == NULL), &local);
    if (good && random != NULL)
        show_random(self, entry->name, random);
    if (random != NULL)
        explicit_bzero(random, strlen(random));
    provision_apply_outcome(self, &entry->at, good, true, g_steal_pointer(&local));
}

static bool looks_hashed(const char *text)
{
    static const char *const prefixes[] = {"$1$", "$2a$", "$2b$", "$2y$",
                                           "$5$", "$6$",  "$y$",  NULL};
    for (const char *const *prefix = prefixes; *prefix != NULL; prefix++)
        if (g_str_has_prefix(text, *prefix) && strchr(text + strlen(*prefix), '$') != NULL)
            return strchr(text, ':') == NULL;
    return false;
}

static void set_default(ProvisionApply *self, ProvisionAccounts *accounts, bool expire)
{
    const ProvisionText *password = &self->plan->settings.password;
    const char *text = password->text;
    const char *platforms = self->instance != NULL ? self->instance->password : NULL;
    static const ProvisionPlace of_platform = {.key = "password"};
    const ProvisionPlace *at = text != NULL ? &password->at : &of_platform;
    g_autoptr(ProvisionUser) user = provision_apply_default_user(self);
    g_autoptr(GError) local = NULL;
    if (text == NULL)
        text = platforms;
    if (text == NULL || text[0] == '\0' || self->plan->passwords->len > 0 ||
        (user == NULL && at == &of_platform))
        return;
    bool hashed = looks_hashed(text);
    bool good = user != NULL && set_one(self, accounts, user->name, hashed ? text : NULL, text,
                                        expire && !hashed, &local);
    if (user == NULL)
        g_set_error(&local, PROVISION_ERROR, PROVISION_ERROR_FAILED,
                    "there is no default user whose password this could be");
    provision_apply_outcome(self, at, good, true, g_steal_pointer(&local));
}

/* sshd takes the first value that it reads: ours comes before the files of packages. */
static void set_pwauth(ProvisionApply *self)
{
    const ProvisionText *setting = &self->plan->settings.ssh_pwauth;
    g_autoptr(GError) local = NULL;
    bool changed = false;
    if (setting->text == NULL || strcmp(setting->text, "unchanged") == 0)
        return;
    bool yes = strcmp(setting->text, "true") == 0;
    g_autofree char *text = g_strdup_printf("PasswordAuthentication %s\n", yes ? "yes" : "no");
    bool good = provision_root_write_text(self->root, "/etc/ssh/sshd_config.d/50-cloud-init.conf",
                                          text, 0600, &changed, &local);
    if (good && changed)
        provision_apply_systemctl(self, "try-reload-or-restart", "ssh.service");
    provision_apply_outcome(self, &setting->at, good, changed, g_steal_pointer(&local));
}

bool provision_apply_passwords(ProvisionApply *self, GError **error)
{
    const ProvisionPlan *plan = self->plan;
    bool expire = plan->settings.chpasswd_expire.value != PROVISION_NO;
    g_autoptr(ProvisionAccounts) accounts = provision_accounts_open(self->root, error);
    if (accounts == NULL)
        return false;
    for (guint i = 0; i < plan->passwords->len; i++)
        set_listed(self, accounts, plan->passwords->pdata[i], expire);
    set_default(self, accounts, expire);
    if (!provision_accounts_save(accounts, error))
        return false;
    set_pwauth(self);
    return true;
}
