/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The lockfile: reading, writing (atoll-lock(1)). JSON is a part of YAML, so that the same
 * parser reads it as reads manifests, with the same bounds and the same messages.
 */
#include "manifest/lock.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "manifest/check.h"
#include "manifest/lock-advisories.h"
#include "manifest/records.h"

#include <errno.h>
#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <unistd.h>

static void repo_free(ManifestLockRepo *self)
{
    g_free(self->repository);
    g_free(self->suite);
    g_free(self->time);
    g_free(self);
}

static void package_free(ManifestLockPackage *self)
{
    g_free(self->name);
    g_free(self->version);
    g_free(self->arch);
    g_free(self->format);
    g_free(self->source);
    g_free(self->sha256);
    g_free(self->repository);
    g_free(self->path);
    g_free(self);
}

ManifestLock *manifest_lock_new(void)
{
    ManifestLock *self = g_new0(ManifestLock, 1);
    self->repos = g_ptr_array_new_with_free_func((GDestroyNotify)repo_free);
    self->packages = g_ptr_array_new_with_free_func((GDestroyNotify)package_free);
    return self;
}

void manifest_lock_free(ManifestLock *self)
{
    if (self == NULL)
        return;
    g_free(self->path);
    g_free(self->manifest);
    g_free(self->wanted);
    g_free(self->arch);
    g_clear_pointer(&self->repos, g_ptr_array_unref);
    g_clear_pointer(&self->packages, g_ptr_array_unref);
    g_clear_pointer(&self->uids, g_variant_unref);
    g_clear_pointer(&self->gids, g_variant_unref);
    g_clear_pointer(&self->advisories, g_variant_unref);
    g_free(self);
}

char *manifest_lock_path(const char *manifest_path)
{
    return g_strconcat(manifest_path, ".lock", NULL);
}

/* --- reading --- */

/* What is wrong with a text, or NULL. */
typedef char *(*Check)(const char *text);

static char *check_digest(const char *text)
{
    if (strlen(text) == BASE_SHA256_HEX_CHARS &&
        strspn(text, "0123456789abcdef") == BASE_SHA256_HEX_CHARS)
        return NULL;
    return g_strdup_printf("‘%s’ is no SHA-256 in hex", text);
}

static char *check_word(const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (!g_ascii_isgraph(*p))
            return g_strdup_printf("‘%s’ is no version or architecture", text);
    }
    return text[0] == '\0' ? g_strdup("it is empty") : NULL;
}

static char *check_format(const char *text)
{
    if (strcmp(text, "deb") == 0 || strcmp(text, "rpm") == 0)
        return NULL;
    return g_strdup_printf("‘%s’ is no format of packages; it is ‘deb’ or ‘rpm’", text);
}

static char *check_path(const char *text)
{
    bool is_url = strstr(text, "://") != NULL;
    if (is_url)
        return manifest_check_url(text);
    g_auto(GStrv) parts = g_strsplit(text, "/", 0);
    if (text[0] != '\0' && text[0] != '/' && !g_strv_contains((const char *const *)parts, ".."))
        return NULL;
    return g_strdup_printf("‘%s’ is no path below a repository", text);
}

static char *check_time(const char *text)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, NULL);
    return text[0] == '\0' || time != NULL ? NULL : g_strdup_printf("‘%s’ is no time", text);
}

static char *check_any(const char *text)
{
    return NULL;
}

/* One member of an object that is a text. */
typedef struct {
    const char *name;
    size_t offset;
    Check check;
} Member;

static bool take_texts(const BaseYaml *yaml, const BaseYamlNode *node, const Member *members,
                       size_t n_members, void *record, GError **error)
{
    for (size_t i = 0; i < n_members; i++) {
        const BaseYamlNode *value = base_yaml_find(node, members[i].name);
        const char *text = NULL;
        if (value == NULL)
            return base_yaml_set_error(yaml, node, error, "‘%s’ is missing", members[i].name);
        if (!base_yaml_get_string(yaml, value, members[i].name, &text, error))
            return false;
        g_autofree char *wrong = members[i].check(text);
        if (wrong != NULL)
            return base_yaml_set_error(yaml, value, error, "‘%s’: %s", members[i].name, wrong);
        char **field = (void *)((char *)record + members[i].offset);
        *field = g_strdup(text);
    }
    return true;
}

static bool take_number(const BaseYaml *yaml, const BaseYamlNode *node, const char *name,
                        uint64_t most, uint64_t *out_number, GError **error)
{
    const BaseYamlNode *value = base_yaml_find(node, name);
    const char *text = NULL;
    if (value == NULL)
        return base_yaml_set_error(yaml, node, error, "‘%s’ is missing", name);
    if (!base_yaml_get_string(yaml, value, name, &text, error))
        return false;
    if (!g_ascii_string_to_unsigned(text, 10, 0, most, out_number, NULL))
        return base_yaml_set_error(yaml, value, error,
                                   "‘%s’: ‘%s’ is no number up to %" G_GUINT64_FORMAT, name, text,
                                   most);
    return true;
}

static bool take_repo(const BaseYaml *yaml, const BaseYamlNode *node, ManifestLock *lock,
                      GError **error)
{
    static const char *const known[] = {"repository", "suite", "time", NULL};
    static const Member members[] = {
        {"repository", offsetof(ManifestLockRepo, repository), manifest_check_repo_name},
        {"suite", offsetof(ManifestLockRepo, suite), check_any},
        {"time", offsetof(ManifestLockRepo, time), check_time},
    };
    if (!base_yaml_check_kind(yaml, node, "repositories", BASE_YAML_MAPPING, error) ||
        !base_yaml_check_keys(yaml, node, known, error))
        return false;
    ManifestLockRepo *repo = g_new0(ManifestLockRepo, 1);
    g_ptr_array_add(lock->repos, repo);
    return take_texts(yaml, node, members, G_N_ELEMENTS(members), repo, error);
}

static bool take_package(const BaseYaml *yaml, const BaseYamlNode *node, ManifestLock *lock,
                         GError **error)
{
    static const char *const known[] = {"name",   "version",   "arch",       "format",
                                        "source", "sha256",    "repository", "path",
                                        "size",   "installed", NULL};
    static const Member members[] = {
        {"name", offsetof(ManifestLockPackage, name), manifest_check_package},
        {"version", offsetof(ManifestLockPackage, version), check_word},
        {"arch", offsetof(ManifestLockPackage, arch), check_word},
        {"format", offsetof(ManifestLockPackage, format), check_format},
        {"source", offsetof(ManifestLockPackage, source), check_word},
        {"sha256", offsetof(ManifestLockPackage, sha256), check_digest},
        {"repository", offsetof(ManifestLockPackage, repository), manifest_check_repo_name},
        {"path", offsetof(ManifestLockPackage, path), check_path},
    };
    if (!base_yaml_check_kind(yaml, node, "packages", BASE_YAML_MAPPING, error) ||
        !base_yaml_check_keys(yaml, node, known, error))
        return false;
    ManifestLockPackage *package = g_new0(ManifestLockPackage, 1);
    g_ptr_array_add(lock->packages, package);
    return take_texts(yaml, node, members, G_N_ELEMENTS(members), package, error) &&
           take_number(yaml, node, "size", (uint64_t)1 << 40, &package->size_bytes, error) &&
           take_number(yaml, node, "installed", (uint64_t)1 << 44, &package->installed_bytes,
                       error);
}

typedef bool (*Take)(const BaseYaml *yaml, const BaseYamlNode *node, ManifestLock *lock,
                     GError **error);

static bool take_list(const BaseYaml *yaml, const char *name, Take take, ManifestLock *lock,
                      GError **error)
{
    const BaseYamlNode *list = base_yaml_find(yaml->root, name);
    if (list == NULL)
        return base_yaml_set_error(yaml, yaml->root, error, "‘%s’ is missing", name);
    if (!base_yaml_check_kind(yaml, list, name, BASE_YAML_LIST, error))
        return false;
    if (list->values->len > MANIFEST_LOCK_MAX_PACKAGES)
        return base_yaml_set_error(yaml, list, error, "more than %d items",
                                   MANIFEST_LOCK_MAX_PACKAGES);
    for (guint i = 0; i < list->values->len; i++) {
        if (!take(yaml, list->values->pdata[i], lock, error))
            return false;
    }
    return true;
}

static bool take_ids(const BaseYaml *yaml, const char *name, GVariant **out_ids, GError **error)
{
    const BaseYamlNode *node = base_yaml_find(yaml->root, name);
    if (node == NULL)
        return true;
    if (!base_yaml_check_kind(yaml, node, name, BASE_YAML_MAPPING, error))
        return false;
    g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a{su}"));
    for (guint i = 0; i < node->keys->len; i++) {
        const BaseYamlNode *key = node->keys->pdata[i];
        g_autofree char *wrong = manifest_check_account(key->text);
        uint64_t id = 0;
        if (wrong != NULL)
            return base_yaml_set_error(yaml, key, error, "%s", wrong);
        if (!take_number(yaml, node, key->text, UINT32_MAX - 1, &id, error))
            return false;
        g_variant_builder_add(&builder, "{su}", key->text, (uint32_t)id);
    }
    *out_ids = g_variant_ref_sink(g_variant_builder_end(&builder));
    return true;
}

static bool check_format_number(const BaseYaml *yaml, GError **error)
{
    const BaseYamlNode *node = base_yaml_find(yaml->root, "format");
    const char *text = NULL;
    if (node == NULL)
        return base_yaml_set_error(yaml, yaml->root, error, "‘format’ is missing");
    if (!base_yaml_get_string(yaml, node, "format", &text, error))
        return false;
    if (strcmp(text, G_STRINGIFY(MANIFEST_LOCK_FORMAT)) == 0)
        return true;
    return base_yaml_set_error(
        yaml, node, error,
        "the lock has format %s, and this atoll reads format %d: make it anew "
        "with ‘atoll lock’",
        text, MANIFEST_LOCK_FORMAT);
}

static int compare_packages(gconstpointer a, gconstpointer b)
{
    const ManifestLockPackage *left = *(const ManifestLockPackage *const *)a;
    const ManifestLockPackage *right = *(const ManifestLockPackage *const *)b;
    int order = strcmp(left->name, right->name);
    order = order != 0 ? order : strcmp(left->arch, right->arch);
    return order != 0 ? order : strcmp(left->version, right->version);
}

/* The same version twice is nobody's wish; rpm may have two versions of a kernel. */
static bool check_repeated(const BaseYaml *yaml, const ManifestLock *lock, GError **error)
{
    for (guint i = 1; i < lock->packages->len; i++) {
        const ManifestLockPackage *one = lock->packages->pdata[i];
        if (compare_packages(&lock->packages->pdata[i - 1], &lock->packages->pdata[i]) == 0)
            return base_yaml_set_error(yaml, base_yaml_find(yaml->root, "packages"), error,
                                       "package ‘%s’ %s (%s) is there twice", one->name,
                                       one->version, one->arch);
    }
    return true;
}

static bool take_all(const BaseYaml *yaml, ManifestLock *lock, GError **error)
{
    static const char *const known[] = {"format",       "manifest", "wanted", "arch",
                                        "repositories", "packages", "users",  "groups",
                                        "advisories",   NULL};
    static const Member members[] = {
        {"manifest", offsetof(ManifestLock, manifest), check_digest},
        {"wanted", offsetof(ManifestLock, wanted), check_digest},
        {"arch", offsetof(ManifestLock, arch), check_word},
    };
    if (!base_yaml_check_kind(yaml, yaml->root, "lock", BASE_YAML_MAPPING, error) ||
        !check_format_number(yaml, error) ||
        !base_yaml_check_keys(yaml, yaml->root, known, error) ||
        !take_texts(yaml, yaml->root, members, G_N_ELEMENTS(members), lock, error) ||
        !take_list(yaml, "repositories", take_repo, lock, error) ||
        !take_list(yaml, "packages", take_package, lock, error) ||
        !take_ids(yaml, "users", &lock->uids, error) ||
        !take_ids(yaml, "groups", &lock->gids, error) ||
        !manifest_lock_advisories_take(yaml, &lock->advisories, error))
        return false;
    g_ptr_array_sort(lock->packages, compare_packages);
    return check_repeated(yaml, lock, error);
}

ManifestLock *manifest_lock_parse(const char *file, GBytes *bytes, GError **error)
{
    g_autoptr(GError) inner = NULL;
    g_autoptr(ManifestLock) self = manifest_lock_new();
    g_autoptr(BaseYaml) yaml = base_yaml_parse(file, bytes, &inner);
    self->path = g_strdup(file);
    if (yaml != NULL && take_all(yaml, self, &inner))
        return g_steal_pointer(&self);
    g_set_error_literal(error, MANIFEST_ERROR, MANIFEST_ERROR_INVALID, inner->message);
    return NULL;
}

bool manifest_lock_load(const char *path, ManifestLock **out_lock, GError **error)
{
    if (access(path, F_OK) != 0 && errno == ENOENT) {
        *out_lock = NULL;
        return true;
    }
    g_autoptr(GBytes) bytes = base_fd_read_file(AT_FDCWD, path, BASE_YAML_MAX_BYTES, error);
    if (bytes == NULL)
        return false;
    ManifestLock *lock = manifest_lock_parse(path, bytes, error);
    if (lock == NULL)
        return false;
    *out_lock = lock;
    return true;
}

/* --- writing --- */

static void add_text(GString *out, const char *name, const char *text, const char *before)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_VALUE);
    json_node_set_string(node, text);
    g_autofree char *json = json_to_string(node, FALSE);
    g_string_append_printf(out, "%s\"%s\":%s", before, name, json);
}

static void add_package(GString *out, const ManifestLockPackage *package)
{
    add_text(out, "name", package->name, "\n    {");
    add_text(out, "version", package->version, ",");
    add_text(out, "arch", package->arch, ",");
    add_text(out, "format", package->format, ",");
    add_text(out, "source", package->source, ",");
    add_text(out, "sha256", package->sha256, ",");
    add_text(out, "repository", package->repository, ",");
    add_text(out, "path", package->path, ",");
    g_string_append_printf(out,
                           ",\"size\":%" G_GUINT64_FORMAT ",\"installed\":%" G_GUINT64_FORMAT "}",
                           package->size_bytes, package->installed_bytes);
}

static void add_ids(GString *out, const char *name, GVariant *ids)
{
    gsize n_ids = ids != NULL ? g_variant_n_children(ids) : 0;
    if (n_ids == 0)
        return;
    g_string_append_printf(out, ",\n  \"%s\": {", name);
    for (gsize i = 0; i < n_ids; i++) {
        const char *account = NULL;
        uint32_t id = 0;
        g_variant_get_child(ids, i, "{&su}", &account, &id);
        g_string_append_printf(out, "%s\n    \"%s\": %u", i == 0 ? "" : ",", account, id);
    }
    g_string_append(out, "\n  }");
}

char *manifest_lock_print(const ManifestLock *self)
{
    GString *out = g_string_new("{\n  \"format\": " G_STRINGIFY(MANIFEST_LOCK_FORMAT) ",\n");
    add_text(out, "manifest", self->manifest, "  ");
    add_text(out, "wanted", self->wanted, ",\n  ");
    add_text(out, "arch", self->arch, ",\n  ");
    g_string_append(out, ",\n  \"repositories\": [");
    for (guint i = 0; i < self->repos->len; i++) {
        const ManifestLockRepo *repo = self->repos->pdata[i];
        add_text(out, "repository", repo->repository, i == 0 ? "\n    {" : ",\n    {");
        add_text(out, "suite", repo->suite, ",");
        add_text(out, "time", repo->time, ",");
        g_string_append_c(out, '}');
    }
    g_string_append(out, "\n  ],\n  \"packages\": [");
    g_ptr_array_sort(self->packages, compare_packages);
    for (guint i = 0; i < self->packages->len; i++) {
        if (i > 0)
            g_string_append_c(out, ',');
        add_package(out, self->packages->pdata[i]);
    }
    g_string_append(out, "\n  ]");
    add_ids(out, "users", self->uids);
    add_ids(out, "groups", self->gids);
    manifest_lock_advisories_print(out, self->advisories);
    g_string_append(out, "\n}\n");
    return g_string_free(out, FALSE);
}

bool manifest_lock_save(const ManifestLock *self, GError **error)
{
    g_autofree char *text = manifest_lock_print(self);
    size_t length = strlen(text);
    if (length > BASE_YAML_MAX_BYTES) {
        g_set_error(error, MANIFEST_ERROR, MANIFEST_ERROR_FAILED,
                    "the lock of %u packages has more than %d bytes, which no reader takes",
                    self->packages->len, BASE_YAML_MAX_BYTES);
        return false;
    }
    return base_fd_replace_file(AT_FDCWD, self->path, text, length, 0644, BASE_FD_REPLACE_DEFAULT,
                                error);
}

const ManifestLockPackage *manifest_lock_find(const ManifestLock *self, const char *name,
                                              const char *arch)
{
    for (guint i = 0; i < self->packages->len; i++) {
        const ManifestLockPackage *package = self->packages->pdata[i];
        if (strcmp(package->name, name) == 0 && strcmp(package->arch, arch) == 0)
            return package;
    }
    return NULL;
}
