/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What of a unit's file makes it start: its section [Install], as links. systemd itself acts on
 * presets only on the first boot of a machine that has no machine-id file at all.
 */
#include "provision/apply/install.h"

#include "provision/error.h"

#include <string.h>
#include <unistd.h>

#define UNIT_DIR "/etc/systemd/system"
#define MAX_ALSO 8

typedef struct {
    ProvisionRoot *root;
    bool changed;
    unsigned depth;
} Install;

static bool refuse(const char *name, const char *what, GError **error)
{
    g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID, "enabling ‘%s’: %s", name, what);
    return false;
}

/* "foo@.service" of "foo@bar.service"; NULL when it is no instance. */
static char *template_of(const char *name, char **out_instance)
{
    const char *at = strchr(name, '@');
    const char *dot = strrchr(name, '.');
    if (at == NULL || dot == NULL || at + 1 >= dot)
        return NULL;
    *out_instance = g_strndup(at + 1, (gsize)(dot - at - 1));
    return g_strdup_printf("%.*s%s", (int)(at + 1 - name), name, dot);
}

static char *find_file(ProvisionRoot *root, const char *name)
{
    static const char *const directories[] = {UNIT_DIR, "/usr/local/lib/systemd/system",
                                              "/lib/systemd/system", "/usr/lib/systemd/system"};
    for (size_t i = 0; i < G_N_ELEMENTS(directories); i++) {
        g_autofree char *path = g_build_filename(directories[i], name, NULL);
        struct stat st = {0};
        if (provision_root_stat(root, path, PROVISION_ROOT_FOLLOW, &st))
            return S_ISREG(st.st_mode) ? g_steal_pointer(&path) : NULL; /* /dev/null: masked */
    }
    return NULL;
}

/* The assignments of [Install] in one file: key to words, in @keys. */
static void read_install(const char *text, GHashTable *keys)
{
    g_autoptr(GString) joined = g_string_new(text);
    (void)g_string_replace(joined, "\\\n", " ", 0);
    g_auto(GStrv) lines = g_strsplit(joined->str, "\n", -1);
    bool install = false;
    for (char **line = lines; *line != NULL; line++) {
        const char *stripped = g_strstrip(*line);
        char *value = strchr(*line, '=');
        if (stripped[0] == '[')
            install = strcmp(stripped, "[Install]") == 0;
        if (!install || value == NULL || strchr("#;[", stripped[0]) != NULL)
            continue;
        g_autofree char *key = g_strndup(stripped, (gsize)(value - stripped));
        const char *before = g_hash_table_lookup(keys, g_strstrip(key));
        g_hash_table_replace(keys, g_strdup(key),
                             value[1] == '\0' || before == NULL
                                 ? g_strdup(value + 1)
                                 : g_strjoin(" ", before, value + 1, NULL));
    }
}

static GHashTable *load(ProvisionRoot *root, const char *name, const char *path)
{
    GHashTable *keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autofree char *text = provision_root_read_text(root, path);
    g_autofree char *directory = g_strdup_printf(UNIT_DIR "/%s.d", name);
    g_autoptr(GPtrArray) dropins = provision_root_list(root, directory);
    read_install(text != NULL ? text : "", keys);
    for (guint i = 0; i < dropins->len; i++) {
        g_autofree char *dropin = g_build_filename(directory, dropins->pdata[i], NULL);
        g_autofree char *more =
            g_str_has_suffix(dropin, ".conf") ? provision_root_read_text(root, dropin) : NULL;
        read_install(more != NULL ? more : "", keys);
    }
    return keys;
}

static char **words_of(GHashTable *keys, const char *key)
{
    const char *value = g_hash_table_lookup(keys, key);
    return g_strsplit_set(value != NULL ? value : "", " \t", -1);
}

/* %i, %n, %p and %% of one word; NULL for another specifier, or what would be no name. */
static char *expand(const char *word, const char *name, const char *instance)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (const char *p = word; *p != '\0'; p++) {
        if (*p != '%') {
            g_string_append_c(text, *p);
            continue;
        }
        p++;
        if (*p == 'i' && instance != NULL)
            g_string_append(text, instance);
        else if (*p == 'n')
            g_string_append(text, name);
        else if (*p == 'p')
            g_string_append_len(text, name, (gssize)strcspn(name, "@."));
        else if (*p == '%')
            g_string_append_c(text, '%');
        else
            return NULL;
    }
    bool good = text->len > 0 && text->str[0] != '.' && strchr(text->str, '/') == NULL &&
                strchr(text->str, '.') != NULL;
    return good ? g_strdup(text->str) : NULL;
}

static bool add_link(Install *self, const char *path, const char *target, GError **error)
{
    bool changed = false;
    bool good = provision_root_link(self->root, path, target, geteuid(), getegid(),
                                    PROVISION_ROOT_DEFAULT, &changed, error);
    self->changed |= changed;
    return good;
}

static bool add_links(Install *self, GHashTable *keys, const char *name, const char *instance,
                      const char *file, GError **error)
{
    static const struct {
        const char *key;
        const char *suffix; /* NULL: another name of the unit */
    } rows[] = {{"WantedBy", "wants"}, {"RequiredBy", "requires"}, {"Alias", NULL}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(GStrv) words = words_of(keys, rows[i].key);
        for (char **word = words; *word != NULL; word++) {
            g_autofree char *other = NULL;
            if (**word == '\0')
                continue;
            other = expand(*word, name, instance);
            if (other == NULL)
                return refuse(name, "its section [Install] names what is no unit", error);
            g_autofree char *path =
                rows[i].suffix != NULL
                    ? g_strdup_printf(UNIT_DIR "/%s.%s/%s", other, rows[i].suffix, name)
                    : g_strdup_printf(UNIT_DIR "/%s", other);
            if (strcmp(path, file) != 0 && !add_link(self, path, file, error))
                return false;
        }
    }
    return true;
}

static bool enable(Install *self, const char *wanted, GError **error)
{
    g_autofree char *name = g_strdup(wanted);
    g_autofree char *instance = NULL;
    g_autofree char *template = template_of(name, &instance);
    g_autofree char *file = find_file(self->root, name);
    if (file == NULL && template != NULL)
        file = find_file(self->root, template);
    if (file == NULL) {
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_NOT_FOUND,
                    "there is no unit ‘%s’ that could be enabled", name);
        return false;
    }
    g_autoptr(GHashTable) keys = load(self->root, template != NULL ? template : name, file);
    const char *dot = strrchr(name, '.');
    if (dot != NULL && dot > name && dot[-1] == '@') {
        const char *usual = g_hash_table_lookup(keys, "DefaultInstance");
        if (usual == NULL || usual[strspn(usual, " \t")] == '\0')
            return refuse(name, "a template needs an instance", error);
        instance = g_strstrip(g_strdup(usual));
        char *whole = g_strdup_printf("%.*s%s%s", (int)(dot - name), name, instance, dot);
        g_free(name);
        name = whole;
    }
    if (!add_links(self, keys, name, instance, file, error))
        return false;
    g_auto(GStrv) also = words_of(keys, "Also");
    for (char **word = also; *word != NULL; word++) {
        g_autofree char *other = **word != '\0' ? expand(*word, name, instance) : NULL;
        if (other == NULL)
            continue;
        /* two units may name each other */
        if (++self->depth > MAX_ALSO)
            return true;
        if (!enable(self, other, error))
            return false;
    }
    return true;
}

bool provision_install_enable(ProvisionRoot *root, const char *name, bool *out_changed,
                              GError **error)
{
    Install self = {.root = root};
    if (!enable(&self, name, error))
        return false;
    *out_changed = self.changed;
    return true;
}

bool provision_install_disable(ProvisionRoot *root, const char *name, bool *out_changed,
                               GError **error)
{
    g_autoptr(GPtrArray) entries = provision_root_list(root, UNIT_DIR);
    *out_changed = false;
    for (guint i = 0; i < entries->len; i++) {
        const char *entry = entries->pdata[i];
        struct stat st = {0};
        bool changed = false;
        if (!g_str_has_suffix(entry, ".wants") && !g_str_has_suffix(entry, ".requires"))
            continue;
        g_autofree char *path = g_strdup_printf(UNIT_DIR "/%s/%s", entry, name);
        if (!provision_root_stat(root, path, PROVISION_ROOT_DEFAULT, &st) || !S_ISLNK(st.st_mode))
            continue;
        if (!provision_root_remove(root, path, PROVISION_ROOT_DEFAULT, &changed, error))
            return false;
        *out_changed |= changed;
    }
    return true;
}
