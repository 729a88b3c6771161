/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From one blob to parts: asks what each blob is, takes one wrapping off, and looks again at what
 * is inside. Everything is counted: depth, parts, includes, and bytes over all of them.
 */
#include "provision/envelope/envelope.h"

#include "provision/envelope/jinja.h"
#include "provision/envelope/mime.h"
#include "provision/envelope/sniff.h"
#include "provision/envelope/unpack.h"
#include "provision/error.h"

#include <string.h>

typedef struct {
    const ProvisionEnvelopeEnv *env;
    ProvisionReport *report;
    GPtrArray *parts;
    GHashTable *open_urls;
    size_t left_bytes;
    unsigned n_includes;
    unsigned n_names;
    GCancellable *cancellable;
    GError **error;
} Opener;

/* A piece that is not looked at yet. All borrowed. */
typedef struct {
    ProvisionPlace at;
    GBytes *bytes;
    const char *content_type; /* (nullable) */
    const char *name;         /* (nullable) */
    const char *merge_type;   /* (nullable) */
    const char *launch_index; /* (nullable) */
    bool may_be_mime;
    bool may_be_base64;
    bool is_signed;
    unsigned depth;
} Blob;

static bool open_blob(Opener *o, const Blob *blob);

void provision_part_free(ProvisionPart *self)
{
    if (self == NULL)
        return;
    g_clear_pointer(&self->bytes, g_bytes_unref);
    g_free(self->name);
    g_free(self->merge_type);
    g_free(self->launch_index);
    g_free(self);
}

static void part_free(gpointer data)
{
    provision_part_free(data);
}

static void say(Opener *o, const ProvisionPlace *at, ProvisionOutcome outcome, const char *message)
{
    provision_report_add(o->report, at, outcome, "%s", message);
}

/* A name for a file: what the configuration calls it, when that is no path. */
static char *make_name(Opener *o, const char *wanted)
{
    o->n_names++;
    g_autofree char *name = wanted == NULL ? NULL : g_path_get_basename(wanted);
    bool fine = name != NULL && name[0] != '.' && name[0] != '/' && strlen(name) <= 200;
    for (const char *p = fine ? name : ""; *p != '\0'; p++)
        fine = fine && (unsigned char)*p >= 0x20 && *p != 0x7f;
    return fine ? g_steal_pointer(&name) : g_strdup_printf("part-%03u", o->n_names);
}

static GBytes *unix_lines(GBytes *bytes)
{
    gsize size_bytes = 0;
    const char *text = g_bytes_get_data(bytes, &size_bytes);
    const char *newline = size_bytes == 0 ? NULL : memchr(text, '\n', size_bytes);
    if (newline == NULL || newline == text || newline[-1] != '\r')
        return g_bytes_ref(bytes);
    g_autoptr(GString) out = g_string_sized_new(size_bytes);
    for (size_t i = 0; i < size_bytes; i++) {
        if (text[i] != '\r' || i + 1 == size_bytes || text[i + 1] != '\n')
            g_string_append_c(out, text[i]);
    }
    return g_string_free_to_bytes(g_steal_pointer(&out));
}

/* Without white space in front, or without @prefix and the white space around it. */
static GBytes *strip_start(GBytes *bytes, const char *prefix, unsigned *line)
{
    gsize size_bytes = 0;
    const char *text = g_bytes_get_data(bytes, &size_bytes);
    size_t length = strlen(prefix);
    size_t i = 0;
    for (unsigned round = 0; round < 2; round++) {
        for (; i < size_bytes && g_ascii_isspace(text[i]); i++)
            *line += text[i] == '\n';
        if (round == 0 && size_bytes - i >= length &&
            g_ascii_strncasecmp(text + i, prefix, length) == 0)
            i += length;
    }
    return g_bytes_new_from_bytes(bytes, i, size_bytes - i);
}

static bool add_part(Opener *o, const Blob *blob, ProvisionPartKind kind,
                     ProvisionFrequency frequency)
{
    if (provision_trust_is_required(o->env->trust) && !blob->is_signed) {
        g_set_error(o->error, PROVISION_ERROR, PROVISION_ERROR_REFUSED,
                    "%s:%u: not signed: this image takes only what one of its keys has signed",
                    blob->at.source, blob->at.line);
        return false;
    }
    size_t size_bytes = g_bytes_get_size(blob->bytes);
    if (o->parts->len >= PROVISION_ENVELOPE_MAX_PARTS || size_bytes > o->left_bytes) {
        say(o, &blob->at, PROVISION_FAILED, "more parts, or larger ones, than are read");
        return true;
    }
    o->left_bytes -= size_bytes;
    ProvisionPart *part = g_new0(ProvisionPart, 1);
    part->kind = kind;
    part->at = blob->at;
    part->name = make_name(o, blob->name);
    part->merge_type = g_strdup(blob->merge_type);
    part->launch_index = g_strdup(blob->launch_index);
    part->frequency = frequency;
    bool is_program = kind == PROVISION_PART_SCRIPT || kind == PROVISION_PART_BOOTHOOK;
    if (is_program) {
        const char *prefix = kind == PROVISION_PART_BOOTHOOK ? "#cloud-boothook" : "";
        g_autoptr(GBytes) bytes = strip_start(blob->bytes, prefix, &part->at.line);
        part->bytes = unix_lines(bytes);
    } else {
        part->bytes = g_bytes_ref(blob->bytes);
    }
    g_ptr_array_add(o->parts, part);
    return true;
}

static bool open_packed(Opener *o, const Blob *blob)
{
    g_autoptr(GError) local = NULL;
    if (!provision_unpack_is_packed(blob->bytes)) {
        say(o, &blob->at, PROVISION_FAILED, "its content type says compressed, and it is not");
        return true;
    }
    g_autoptr(GBytes) unpacked = provision_unpack(blob->bytes, o->left_bytes, &local);
    if (unpacked == NULL) {
        provision_report_add_error(o->report, &blob->at, local);
        return true;
    }
    Blob inner = *blob;
    inner.bytes = unpacked;
    inner.depth++;
    inner.at.line = 1;
    bool look = false;
    if (blob->content_type != NULL &&
        provision_sniff_type(blob->content_type, &look) == PROVISION_SNIFF_PACKED)
        inner.content_type = NULL;
    return open_blob(o, &inner);
}

static bool open_jinja(Opener *o, const Blob *blob)
{
    gsize size_bytes = 0;
    unsigned skipped = 0;
    g_autoptr(GBytes) bytes = strip_start(blob->bytes, "", &skipped);
    const char *text = g_bytes_get_data(bytes, &size_bytes);
    const char *newline = memchr(text, '\n', size_bytes);
    const char *rest = newline == NULL ? text + size_bytes : newline + 1;
    g_autoptr(GError) local = NULL;
    Blob inner = *blob;
    inner.depth++;
    inner.at.line += skipped + 1;
    inner.content_type = NULL;
    const char *wrong = NULL;
    if (!g_utf8_validate_len(rest, (size_t)(text + size_bytes - rest), &wrong)) {
        say(o, &inner.at, PROVISION_FAILED, "a template that is no UTF-8 text");
        return true;
    }
    char *rendered = provision_jinja_render(&inner.at, rest, (size_t)(text + size_bytes - rest),
                                            o->env->instance_data, &local);
    if (rendered == NULL) {
        provision_report_add_error(o->report, &blob->at, local);
        return true;
    }
    g_autoptr(GBytes) filled = g_bytes_new_take(rendered, strlen(rendered));
    inner.bytes = filled;
    return open_blob(o, &inner);
}

/* A source for what has lines of its own. */
static ProvisionPlace inner_place(const Blob *blob, const char *name)
{
    g_autofree char *source =
        strlen(blob->at.source) > 200
            ? g_strdup(blob->at.source)
            : g_strdup_printf("%s (%s)", blob->at.source, name == NULL ? "part" : name);
    return (ProvisionPlace){.source = provision_place_intern(source), .line = 1, .column = 1};
}

static bool open_mime(Opener *o, const Blob *blob)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GPtrArray) leaves = provision_mime_parse(blob->at.source, blob->bytes, &local);
    if (leaves == NULL) {
        provision_report_add_error(o->report, &blob->at, local);
        return true;
    }
    for (guint i = 0; i < leaves->len; i++) {
        const ProvisionMimePart *leaf = leaves->pdata[i];
        const char *merge_type = g_hash_table_lookup(leaf->headers, "merge-type");
        if (merge_type == NULL || merge_type[0] == '\0')
            merge_type = g_hash_table_lookup(leaf->headers, "x-merge-type");
        g_autofree char *made = g_strdup_printf("part-%03u", i + 1);
        const char *name = leaf->filename != NULL ? leaf->filename : made;
        Blob inner = {.at = blob->at,
                      .bytes = leaf->bytes,
                      .content_type = leaf->content_type,
                      .name = name,
                      .merge_type = merge_type,
                      .launch_index = g_hash_table_lookup(leaf->headers, "launch-index"),
                      .is_signed = blob->is_signed,
                      .depth = blob->depth + 1};
        if (leaf->line > 0)
            inner.at.line = blob->at.line + leaf->line - 1;
        else
            inner.at = inner_place(blob, name);
        if (!open_blob(o, &inner))
            return false;
    }
    return true;
}

static const char *string_of(const ProvisionValue *entry, const char *name)
{
    const ProvisionValue *value = provision_value_find(entry, name);
    return value != NULL && value->kind == PROVISION_VALUE_STRING ? value->text : NULL;
}

static bool open_entry(Opener *o, const Blob *blob, const ProvisionValue *entry)
{
    const ProvisionValue *content =
        entry->kind == PROVISION_VALUE_MAP ? provision_value_find(entry, "content") : entry;
    if (content == NULL || content->kind != PROVISION_VALUE_STRING) {
        say(o, &entry->at, PROVISION_FAILED,
            "an archive's entry is a text, or has one as ‘content’");
        return true;
    }
    g_autoptr(GBytes) bytes = content->bytes != NULL
                                  ? g_bytes_ref(content->bytes)
                                  : g_bytes_new(content->text, strlen(content->text));
    const ProvisionValue *index = provision_value_find(entry, "launch-index");
    g_autofree char *launch_index = index != NULL ? provision_value_print(index) : NULL;
    const char *type = string_of(entry, "type");
    const char *name = string_of(entry, "filename");
    const char *merge_type = string_of(entry, "Merge-Type");
    g_autofree char *lower = type == NULL ? NULL : g_ascii_strdown(type, -1);
    if (lower == NULL && provision_sniff_text(bytes) == PROVISION_SNIFF_UNKNOWN)
        lower = g_strdup("text/cloud-config");
    Blob inner = {.at = inner_place(blob, name != NULL ? name : entry->at.key),
                  .bytes = bytes,
                  .content_type = lower,
                  .name = name,
                  .merge_type = merge_type != NULL ? merge_type : string_of(entry, "X-Merge-Type"),
                  .launch_index = launch_index,
                  .is_signed = blob->is_signed,
                  .depth = blob->depth + 1};
    return open_blob(o, &inner);
}

static bool open_archive(Opener *o, const Blob *blob)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(ProvisionValue) archive = provision_value_parse_at(
        blob->at.source, blob->at.line, blob->bytes, PROVISION_VALUE_YAML_1_1, &local);
    if (archive == NULL) {
        provision_report_add_error(o->report, &blob->at, local);
        return true;
    }
    if (archive->kind != PROVISION_VALUE_LIST) {
        if (archive->kind != PROVISION_VALUE_NULL)
            say(o, &archive->at, PROVISION_FAILED, "an archive is a list");
        return true;
    }
    for (guint i = 0; i < archive->items->len; i++) {
        if (!open_entry(o, blob, archive->items->pdata[i]))
            return false;
    }
    return true;
}

static bool open_include(Opener *o, const Blob *blob, const ProvisionPlace *at, const char *url)
{
    g_autofree char *public_url = g_strndup(url, strcspn(url, "?#"));
    if (o->env->fetch == NULL) {
        provision_report_add(o->report, at, PROVISION_NOT_APPLICABLE,
                             "‘%s’ is not fetched here: what it has is not looked at", public_url);
        return true;
    }
    if (g_hash_table_contains(o->open_urls, url)) {
        provision_report_add(o->report, at, PROVISION_FAILED, "‘%s’ includes itself", public_url);
        return true;
    }
    if (++o->n_includes > PROVISION_ENVELOPE_MAX_INCLUDES) {
        say(o, at, PROVISION_FAILED, "more includes than are followed");
        return true;
    }
    g_autoptr(GError) local = NULL;
    g_autoptr(GBytes) bytes =
        o->env->fetch(o->env->fetch_data, url, o->left_bytes, o->cancellable, &local);
    if (bytes == NULL) {
        provision_report_add_error(o->report, at, local);
        return true;
    }
    g_hash_table_add(o->open_urls, g_strdup(url));
    /* A signature covers the URL, and not what a server makes of it. */
    Blob inner = {
        .at = {.source = provision_place_intern(public_url), .line = 1, .column = 1},
        .bytes = bytes,
        .may_be_mime = true,
        .depth = blob->depth + 1,
    };
    bool fine = open_blob(o, &inner);
    g_hash_table_remove(o->open_urls, url);
    return fine;
}

static bool open_includes(Opener *o, const Blob *blob)
{
    static const char *const words[] = {"#include-once", "#include"};
    gsize size_bytes = 0;
    const char *data = g_bytes_get_data(blob->bytes, &size_bytes);
    g_autofree char *text = g_strndup(data, size_bytes);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (unsigned i = 0; lines[i] != NULL; i++) {
        char *line = lines[i];
        for (size_t w = 0; w < G_N_ELEMENTS(words); w++) {
            if (g_ascii_strncasecmp(line, words[w], strlen(words[w])) == 0) {
                line += strlen(words[w]);
                break;
            }
        }
        g_strstrip(line);
        if (line[0] == '\0' || line[0] == '#')
            continue;
        ProvisionPlace at = blob->at;
        at.line += i;
        at.key = "include";
        if (!open_include(o, blob, &at, line))
            return false;
    }
    return true;
}

static bool open_cloud_config(Opener *o, const Blob *blob)
{
    unsigned line = 0;
    gssize offset = provision_sniff_ignition(blob->bytes, &line);
    if (offset < 0)
        return add_part(o, blob, PROVISION_PART_CLOUD_CONFIG, PROVISION_PER_INSTANCE);
    gsize size_bytes = g_bytes_get_size(blob->bytes);
    g_autoptr(GBytes) json =
        g_bytes_new_from_bytes(blob->bytes, (gsize)offset, size_bytes - (gsize)offset);
    Blob inner = *blob;
    inner.bytes = json;
    inner.at.line += line;
    return add_part(o, &inner, PROVISION_PART_IGNITION, PROVISION_PER_INSTANCE);
}

static bool open_unknown(Opener *o, const Blob *blob)
{
    if (blob->may_be_mime && provision_mime_is_message(blob->bytes))
        return open_mime(o, blob);
    g_autoptr(GBytes) decoded = blob->may_be_base64 ? provision_unpack_base64(blob->bytes) : NULL;
    if (decoded != NULL && (provision_sniff_text(decoded) != PROVISION_SNIFF_UNKNOWN ||
                            provision_mime_is_message(decoded))) {
        Blob inner = *blob;
        inner.bytes = decoded;
        inner.may_be_base64 = false;
        inner.depth++;
        return open_blob(o, &inner);
    }
    if (blob->content_type != NULL && strcmp(blob->content_type, "text/plain") != 0)
        provision_report_add(o->report, &blob->at, PROVISION_UNSUPPORTED,
                             "content type ‘%s’: nobody handles it", blob->content_type);
    else
        say(o, &blob->at, blob->depth == 0 ? PROVISION_FAILED : PROVISION_UNSUPPORTED,
            "begins like nothing that is known: #cloud-config, #!, MIME, Ignition, …");
    return true;
}

static ProvisionSniff what_is(const Blob *blob)
{
    ProvisionSniff seen = provision_sniff_text(blob->bytes);
    if (blob->content_type == NULL || seen == PROVISION_SNIFF_PACKED ||
        seen == PROVISION_SNIFF_EMPTY)
        return seen;
    bool look = false;
    ProvisionSniff said = provision_sniff_type(blob->content_type, &look);
    return look && seen != PROVISION_SNIFF_UNKNOWN ? seen : said;
}

static bool dispatch(Opener *o, const Blob *blob)
{
    switch (what_is(blob)) {
    case PROVISION_SNIFF_EMPTY:
        return true;
    case PROVISION_SNIFF_CLOUD_CONFIG:
        return open_cloud_config(o, blob);
    case PROVISION_SNIFF_ARCHIVE:
        return open_archive(o, blob);
    case PROVISION_SNIFF_JSON_PATCH:
        return add_part(o, blob, PROVISION_PART_JSON_PATCH, PROVISION_PER_INSTANCE);
    case PROVISION_SNIFF_SCRIPT:
    case PROVISION_SNIFF_SCRIPT_PER_INSTANCE:
        return add_part(o, blob, PROVISION_PART_SCRIPT, PROVISION_PER_INSTANCE);
    case PROVISION_SNIFF_SCRIPT_PER_BOOT:
        return add_part(o, blob, PROVISION_PART_SCRIPT, PROVISION_ALWAYS);
    case PROVISION_SNIFF_SCRIPT_PER_ONCE:
        return add_part(o, blob, PROVISION_PART_SCRIPT, PROVISION_ONCE);
    case PROVISION_SNIFF_BOOTHOOK:
        return add_part(o, blob, PROVISION_PART_BOOTHOOK, PROVISION_ALWAYS);
    case PROVISION_SNIFF_INCLUDE:
    case PROVISION_SNIFF_INCLUDE_ONCE:
        return open_includes(o, blob);
    case PROVISION_SNIFF_PART_HANDLER:
        say(o, &blob->at, PROVISION_UNSUPPORTED, "part handlers are Python, which is not here");
        return true;
    case PROVISION_SNIFF_JINJA:
        return open_jinja(o, blob);
    case PROVISION_SNIFF_IGNITION:
        return add_part(o, blob, PROVISION_PART_IGNITION, PROVISION_PER_INSTANCE);
    case PROVISION_SNIFF_PACKED:
        return open_packed(o, blob);
    case PROVISION_SNIFF_UNKNOWN:
        return open_unknown(o, blob);
    }
    return true;
}

static bool open_blob(Opener *o, const Blob *blob)
{
    if (g_cancellable_set_error_if_cancelled(o->cancellable, o->error))
        return false;
    if (blob->depth > PROVISION_ENVELOPE_MAX_DEPTH) {
        say(o, &blob->at, PROVISION_FAILED, "wrapped too often");
        return true;
    }
    bool is_signed = false;
    g_autoptr(GBytes) plain =
        provision_trust_check(o->env->trust, blob->at.source, blob->bytes, &is_signed, o->error);
    if (plain == NULL)
        return false;
    Blob checked = *blob;
    checked.bytes = plain;
    checked.is_signed = blob->is_signed || is_signed;
    return dispatch(o, &checked);
}

GPtrArray *provision_envelope_open(const char *source, GBytes *bytes,
                                   const ProvisionEnvelopeEnv *env, ProvisionReport *report,
                                   GCancellable *cancellable, GError **error)
{
    g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(part_free);
    g_autoptr(GHashTable) open_urls = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Opener o = {.env = env,
                .report = report,
                .parts = parts,
                .open_urls = open_urls,
                .left_bytes = PROVISION_ENVELOPE_MAX_BYTES,
                .cancellable = cancellable,
                .error = error};
    const Blob blob = {
        .at = {.source = provision_place_intern(source), .line = 1, .column = 1},
        .bytes = bytes,
        .may_be_mime = true,
        .may_be_base64 = env->may_be_base64,
    };
    if (g_bytes_get_size(bytes) > PROVISION_ENVELOPE_MAX_BYTES) {
        say(&o, &blob.at, PROVISION_FAILED, "larger than 32 MiB");
        return g_steal_pointer(&parts);
    }
    return open_blob(&o, &blob) ? g_steal_pointer(&parts) : NULL;
}
