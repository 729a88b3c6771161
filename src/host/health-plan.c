/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which checks there are: executables and files of built-in checks, in drop-in directories.
 */
#include "host/health-plan.h"

#include "base/fd.h"
#include "host/error.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_TIMEOUT "timeout-seconds"
#define KEY_WAIT "wait-seconds"
#define SUFFIX ".yaml"

static void check_free(void *data)
{
    HostCheck *self = data;
    g_free(self->name);
    g_free(self->subject);
    g_free(self->detail);
    g_free(self);
}

GPtrArray *host_health_plan_new(void)
{
    return g_ptr_array_new_with_free_func(check_free);
}

static bool read_seconds(const BaseYaml *yaml, const char *key, unsigned least, unsigned *inout_s,
                         GError **error)
{
    const BaseYamlNode *node = base_yaml_find(yaml->root, key);
    const char *text = NULL;
    guint64 value = 0;
    if (node == NULL)
        return true;
    if (!base_yaml_get_string(yaml, node, key, &text, error))
        return false;
    if (!g_ascii_string_to_unsigned(text, 10, least, HOST_HEALTH_MAX_S, &value, NULL))
        return base_yaml_set_error(yaml, node, error,
                                   "‘%s’ is ‘%s’: a whole number from %u to %u is wanted", key,
                                   text, least, HOST_HEALTH_MAX_S);
    *inout_s = (unsigned)value;
    return true;
}

static bool check_keys(const BaseYaml *yaml, GError **error)
{
    g_autoptr(GPtrArray) known = g_ptr_array_new();
    for (unsigned i = 0; host_check_kinds[i] != NULL; i++)
        g_ptr_array_add(known, (char *)host_check_kinds[i]->name);
    g_ptr_array_add(known, (char *)KEY_TIMEOUT);
    g_ptr_array_add(known, (char *)KEY_WAIT);
    g_ptr_array_add(known, NULL);
    return base_yaml_check_kind(yaml, yaml->root, "a file of checks", BASE_YAML_MAPPING, error) &&
           base_yaml_check_keys(yaml, yaml->root, (const char *const *)known->pdata, error);
}

typedef struct {
    const BaseYaml *yaml;
    const HostCheckKind *kind;
    HostCheck like;
    const char *file_name;
    GPtrArray *checks;
} Reading;

static bool add(const Reading *r, const BaseYamlNode *subject_node, const BaseYamlNode *detail_node,
                GError **error)
{
    const char *subject = NULL, *detail = NULL;
    if (!base_yaml_get_string(r->yaml, subject_node, r->kind->name, &subject, error) ||
        (detail_node != NULL &&
         !base_yaml_get_string(r->yaml, detail_node, r->kind->name, &detail, error)))
        return false;
    g_autofree char *wrong = r->kind->valid != NULL ? r->kind->valid(subject, detail) : NULL;
    if (wrong != NULL)
        return base_yaml_set_error(r->yaml, detail_node != NULL ? detail_node : subject_node, error,
                                   "‘%s’ has ‘%s’: %s", r->kind->name,
                                   detail != NULL && *subject == '/' ? detail : subject, wrong);
    HostCheck *check = g_new(HostCheck, 1);
    *check = r->like;
    check->kind = r->kind;
    check->name = g_strdup_printf("%s: %s %s", r->file_name, r->kind->name, subject);
    check->subject = g_strdup(subject);
    check->detail = g_strdup(detail);
    g_ptr_array_add(r->checks, check);
    return true;
}

static bool read_switch(const Reading *r, const BaseYamlNode *value, GError **error)
{
    bool on = false;
    if (!base_yaml_get_bool(r->yaml, value, r->kind->name, &on, error))
        return false;
    if (!on)
        return true;
    HostCheck *check = g_new(HostCheck, 1);
    *check = r->like;
    check->kind = r->kind;
    check->name = g_strdup_printf("%s: %s", r->file_name, r->kind->name);
    check->subject = g_strdup("");
    g_ptr_array_add(r->checks, check);
    return true;
}

static bool read_kind(const Reading *r, const BaseYamlNode *value, GError **error)
{
    if (r->kind->value == HOST_CHECK_SWITCH)
        return read_switch(r, value, error);
    bool mapping = r->kind->value == HOST_CHECK_MAPPING;
    if (!base_yaml_check_kind(r->yaml, value, r->kind->name,
                              mapping ? BASE_YAML_MAPPING : BASE_YAML_LIST, error))
        return false;
    for (unsigned i = 0; i < value->values->len; i++) {
        const BaseYamlNode *item = value->values->pdata[i];
        if (!(mapping ? add(r, value->keys->pdata[i], item, error) : add(r, item, NULL, error)))
            return false;
    }
    return true;
}

static bool read_document(Reading *r, GError **error)
{
    if (r->yaml->root->kind == BASE_YAML_NULL)
        return true;
    if (!check_keys(r->yaml, error) ||
        !read_seconds(r->yaml, KEY_TIMEOUT, 1, &r->like.timeout_s, error) ||
        !read_seconds(r->yaml, KEY_WAIT, 0, &r->like.wait_s, error))
        return false;
    for (unsigned i = 0; host_check_kinds[i] != NULL; i++) {
        r->kind = host_check_kinds[i];
        const BaseYamlNode *value = base_yaml_find(r->yaml->root, r->kind->name);
        if (value != NULL && !read_kind(r, value, error))
            return false;
    }
    return true;
}

bool host_health_plan_read(GPtrArray *checks, const char *path, bool required, GBytes *bytes,
                           GError **error)
{
    g_autoptr(BaseYaml) yaml = base_yaml_parse(path, bytes, error);
    g_autoptr(GPtrArray) found = host_health_plan_new();
    g_autofree char *file_name = g_path_get_basename(path);
    if (yaml == NULL)
        return false;
    Reading r = {.yaml = yaml,
                 .like = {.required = required,
                          .timeout_s = HOST_HEALTH_TIMEOUT_S,
                          .wait_s = HOST_HEALTH_WAIT_S},
                 .file_name = file_name,
                 .checks = found};
    if (!read_document(&r, error))
        return false;
    g_ptr_array_extend_and_steal(checks, g_steal_pointer(&found));
    return true;
}

static bool take_file(GPtrArray *checks, const char *path, bool required, GError **error)
{
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return true; /* hidden by a link to /dev/null, or nothing to run */
    if (g_str_has_suffix(path, SUFFIX)) {
        g_autoptr(GBytes) bytes = base_fd_read_file(AT_FDCWD, path, BASE_YAML_MAX_BYTES, error);
        return bytes != NULL && host_health_plan_read(checks, path, required, bytes, error);
    }
    if ((st.st_mode & 0111) == 0)
        return true;
    HostCheck *check = g_new0(HostCheck, 1);
    *check = (HostCheck){.name = g_path_get_basename(path),
                         .required = required,
                         .subject = g_strdup(path),
                         .timeout_s = HOST_HEALTH_TIMEOUT_S,
                         .wait_s = 0};
    g_ptr_array_add(checks, check);
    return true;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool take_dirs(GPtrArray *checks, const char *const *dirs, bool required, GError **error)
{
    g_autoptr(GHashTable) paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (; *dirs != NULL; dirs++) {
        g_autofree char *path = g_build_filename(*dirs, required ? "required.d" : "wanted.d", NULL);
        g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
        const char *name = NULL;
        while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
            if (name[0] != '.' && name[strlen(name) - 1] != '~')
                g_hash_table_replace(paths, g_strdup(name), g_build_filename(path, name, NULL));
    }
    unsigned n = 0;
    g_autofree char **names = (char **)g_hash_table_get_keys_as_array(paths, &n);
    if (n > 0)
        qsort(names, n, sizeof *names, compare_names);
    for (unsigned i = 0; i < n; i++)
        if (!take_file(checks, g_hash_table_lookup(paths, names[i]), required, error))
            return false;
    return true;
}

GPtrArray *host_health_plan_load(const char *const *dirs, GError **error)
{
    g_autoptr(GPtrArray) checks = host_health_plan_new();
    if (!take_dirs(checks, dirs, true, error) || !take_dirs(checks, dirs, false, error))
        return NULL;
    return g_steal_pointer(&checks);
}
