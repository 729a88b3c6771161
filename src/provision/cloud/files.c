/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * write_files: contents are decoded here, in bounds, so that what is applied is bytes.
 */
#include "provision/cloud/read.h"

#include "provision/envelope/unpack.h"

#include <string.h>

#define MAX_FILE_BYTES (32 * 1024 * 1024)

/* One entry, read field by field before it is made a node. */
typedef struct {
    char *path;
    const ProvisionValue *content;
    char *owner;
    const ProvisionValue *permissions;
    char *encoding;
    bool append;
    bool defer;
    const ProvisionValue *source;
} FileReader;

#define FILE_FIELD(field) offsetof(FileReader, field)

static void keep_value(ProvisionCloud *cloud, const ProvisionMember *member, gpointer target)
{
    const ProvisionValue **to = target;
    (void)cloud;
    *to = member->value->kind == PROVISION_VALUE_NULL ? NULL : member->value;
}

static const ProvisionCloudKey source_fields[] = {
    {.name = "uri", .kind = PROVISION_CLOUD_TEXT},
    {.name = "headers",
     .kind = PROVISION_CLOUD_CUSTOM,
     .read = keep_value,
     .types = PROVISION_CLOUD_IS_MAP},
    {0},
};

const ProvisionCloudKey provision_cloud_file_fields[] = {
    {.name = "path", .kind = PROVISION_CLOUD_TEXT, .offset = FILE_FIELD(path)},
    {.name = "content",
     .kind = PROVISION_CLOUD_CUSTOM,
     .read = keep_value,
     .types = PROVISION_CLOUD_IS_STRING,
     .offset = FILE_FIELD(content)},
    {.name = "owner", .kind = PROVISION_CLOUD_TEXT, .offset = FILE_FIELD(owner)},
    {.name = "permissions",
     .kind = PROVISION_CLOUD_CUSTOM,
     .read = keep_value,
     .types = PROVISION_CLOUD_IS_STRING | PROVISION_CLOUD_IS_INT,
     .offset = FILE_FIELD(permissions)},
    {.name = "encoding", .kind = PROVISION_CLOUD_TEXT, .offset = FILE_FIELD(encoding)},
    {.name = "append", .kind = PROVISION_CLOUD_BOOL, .offset = FILE_FIELD(append)},
    {.name = "defer", .kind = PROVISION_CLOUD_BOOL, .offset = FILE_FIELD(defer)},
    {.name = "source",
     .kind = PROVISION_CLOUD_CUSTOM,
     .read = keep_value,
     .types = PROVISION_CLOUD_IS_MAP,
     .fields = source_fields,
     .offset = FILE_FIELD(source)},
    {0},
};

static void file_reader_clear(FileReader *self)
{
    g_free(self->path);
    g_free(self->owner);
    g_free(self->encoding);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FileReader, file_reader_clear)

static bool decode(ProvisionCloud *cloud, const ProvisionPlace *at, const char *encoding,
                   GBytes **bytes)
{
    static const char *const gzip[] = {"gz", "gzip", NULL};
    static const char *const base64[] = {"b64", "base64", NULL};
    static const char *const both[] = {"gz+base64", "gzip+base64", "gz+b64", "gzip+b64", NULL};
    g_autofree char *name = g_ascii_strdown(encoding, -1);
    g_strstrip(name);
    bool packed = g_strv_contains(gzip, name) || g_strv_contains(both, name);
    bool text = g_strv_contains(base64, name) || g_strv_contains(both, name);
    if (!packed && !text && name[0] != '\0' && strcmp(name, "text/plain") != 0)
        provision_report_add(cloud->report, at, PROVISION_UNKNOWN,
                             "unknown encoding ‘%s’: taken as text", encoding);
    if (text) {
        GBytes *decoded = provision_unpack_base64(*bytes);
        if (decoded == NULL && g_bytes_get_size(*bytes) > 0) {
            provision_cloud_fail(cloud, at, "the content is no base64");
            return false;
        }
        g_bytes_unref(*bytes);
        *bytes = decoded != NULL ? decoded : g_bytes_new_static("", 0);
    }
    if (!packed)
        return true;
    g_autoptr(GError) local = NULL;
    if (!provision_unpack_is_packed(*bytes)) {
        provision_cloud_fail(cloud, at, "the content is not compressed with gzip");
        return false;
    }
    GBytes *unpacked = provision_unpack(*bytes, MAX_FILE_BYTES, &local);
    if (unpacked == NULL) {
        provision_cloud_fail(cloud, at, "%s", local->message);
        return false;
    }
    g_bytes_unref(*bytes);
    *bytes = unpacked;
    return true;
}

/* A number is the mode itself (YAML has read 0644 as octal), a text is octal digits. */
static bool read_mode(ProvisionCloud *cloud, const ProvisionValue *value, int *out_mode)
{
    guint64 mode = 0;
    bool fine = false;
    if (value->kind == PROVISION_VALUE_INT && value->integer >= 0) {
        mode = (guint64)value->integer;
        fine = true;
    } else if (value->kind == PROVISION_VALUE_STRING) {
        const char *digits = value->text;
        digits += g_str_has_prefix(digits, "0o") ? 2 : 0;
        fine = g_ascii_string_to_unsigned(digits, 8, 0, 07777, &mode, NULL);
    }
    fine = fine && mode <= 07777;
    if (fine)
        *out_mode = (int)mode;
    else
        provision_cloud_fail(cloud, &value->at,
                             "must be permissions up to 7777, as 0644 or '0644'");
    return fine;
}

/* "USER:GROUP", "USER", ":GROUP"; "-1" leaves one alone. */
static void read_owner(ProvisionNode *node, const char *owner)
{
    const char *colon = strchr(owner, ':');
    g_autofree char *user =
        colon == NULL ? g_strdup(owner) : g_strndup(owner, (gsize)(colon - owner));
    g_strstrip(user);
    char *group = g_strdup(colon == NULL ? "" : colon + 1);
    g_strstrip(group);
    guint64 id = 0;
    static const char *const nobody[] = {"", "-1", "none", "None", NULL};
    if (g_ascii_string_to_unsigned(user, 10, 0, G_MAXINT32, &id, NULL))
        node->uid = (int64_t)id;
    else if (!g_strv_contains(nobody, user))
        node->user = g_steal_pointer(&user);
    if (g_ascii_string_to_unsigned(group, 10, 0, G_MAXINT32, &id, NULL))
        node->gid = (int64_t)id;
    else if (!g_strv_contains(nobody, group))
        node->group = g_steal_pointer(&group);
    g_free(group);
}

static bool read_source(ProvisionCloud *cloud, const ProvisionValue *source,
                        ProvisionContents *contents)
{
    const ProvisionValue *headers = provision_value_find(source, "headers");
    const ProvisionValue *uri = provision_value_find(source, "uri");
    if (source->kind != PROVISION_VALUE_MAP || uri == NULL || uri->kind != PROVISION_VALUE_STRING) {
        provision_cloud_fail(cloud, &source->at, "must be a mapping with a uri");
        return false;
    }
    contents->url = g_strdup(uri->text);
    if (headers == NULL || headers->kind != PROVISION_VALUE_MAP)
        return true;
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    for (guint i = 0; i < headers->members->len; i++) {
        const ProvisionMember *member = headers->members->pdata[i];
        g_autofree char *text = provision_cloud_text(cloud, member->value);
        g_autofree char *header = g_strdup_printf("%s: %s", member->name, text == NULL ? "" : text);
        if (strpbrk(header, "\r\n") == NULL)
            g_strv_builder_add(builder, header);
        else
            provision_cloud_fail(cloud, &member->at, "a header is one line");
    }
    contents->headers = g_strv_builder_end(builder);
    return true;
}

static ProvisionContents *read_contents(ProvisionCloud *cloud, const ProvisionPlace *at,
                                        const FileReader *file)
{
    g_autoptr(ProvisionContents) contents = provision_contents_new(at);
    if (file->source != NULL && !read_source(cloud, file->source, contents))
        return NULL;
    GBytes *bytes = file->content == NULL ? g_bytes_new_static("", 0)
                                          : provision_cloud_bytes(cloud, file->content);
    if (bytes == NULL)
        return NULL;
    /* What stands as content beside a source is for hosts that cannot fetch. */
    if (contents->url != NULL)
        g_clear_pointer(&bytes, g_bytes_unref);
    bool fine =
        bytes == NULL || file->encoding == NULL || decode(cloud, at, file->encoding, &bytes);
    contents->inline_bytes = bytes;
    return fine ? g_steal_pointer(&contents) : NULL;
}

static void read_file(ProvisionCloud *cloud, const ProvisionValue *entry)
{
    g_auto(FileReader) file = {0};
    provision_cloud_read_fields(cloud, entry, provision_cloud_file_fields, &file);
    if (file.path == NULL) {
        provision_cloud_fail(cloud, &entry->at, "a file without a path");
        return;
    }
    if (!provision_cloud_is_path(file.path)) {
        provision_cloud_fail(cloud, &entry->at, "‘%s’ is no absolute path without ‘..’", file.path);
        return;
    }
    g_autoptr(ProvisionContents) contents = read_contents(cloud, &entry->at, &file);
    if (contents == NULL)
        return;
    int mode = 0644;
    /* Not with the default: the file may be a secret. */
    if (file.permissions != NULL && !read_mode(cloud, file.permissions, &mode))
        return;
    ProvisionNode *node = provision_node_new(&entry->at, PROVISION_FILE);
    node->path = g_steal_pointer(&file.path);
    node->overwrite = true;
    node->defer = file.defer;
    node->mode = mode;
    read_owner(node, file.owner == NULL ? "root:root" : file.owner);
    if (file.append) {
        g_ptr_array_add(node->appends, g_steal_pointer(&contents));
        node->overwrite = false;
    } else {
        node->contents = g_steal_pointer(&contents);
    }
    g_ptr_array_add(cloud->plan->nodes, node);
}

void provision_cloud_read_write_files(ProvisionCloud *cloud, const ProvisionMember *member,
                                      gpointer target)
{
    const ProvisionValue *files = member->value;
    (void)target;
    if (files->kind == PROVISION_VALUE_NULL)
        return;
    if (files->kind != PROVISION_VALUE_LIST) {
        provision_cloud_fail(cloud, &files->at, "must be a list, not %s",
                             provision_value_kind_name(files->kind));
        return;
    }
    for (guint i = 0; i < files->items->len; i++) {
        const ProvisionValue *entry = files->items->pdata[i];
        if (entry->kind == PROVISION_VALUE_MAP)
            read_file(cloud, entry);
        else
            provision_cloud_fail(cloud, &entry->at, "must be a mapping with a path, not %s",
                                 provision_value_kind_name(entry->kind));
    }
}
