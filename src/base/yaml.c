/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * YAML with positions: a tree of nodes that know their line and column, built from
 * libfyaml's events. The tree is ours and not libfyaml's document, so that depth and alias
 * expansion are bounded while it grows. An alias shares its node; the expanded size is
 * carried as a weight, so that "a billion laughs" is refused without expanding it.
 */
#include "base/yaml.h"

#include "base/error.h"
#include "base/nearest.h"

#include <libfyaml.h>
#include <string.h>

typedef struct {
    BaseYamlNode *node;
    char *anchor;     /* becomes usable when the container ends: no node contains itself */
    GHashTable *seen; /* keys of a mapping → index + 1 */
    GArray *again;    /* (nullable): indices of keys that stood before */
} Level;

typedef struct {
    BaseYaml *yaml;
    const BaseYamlLimits *limits;
    size_t cut_at; /* where a text ends that has no last newline; 0 when it has */
    struct fy_parser *parser;
    struct fy_diag *diag;
    GHashTable *anchors; /* name → BaseYamlNode (borrowed) */
    GArray *levels;
    unsigned n_documents;
} Builder;

static void node_free(gpointer data)
{
    BaseYamlNode *node = data;
    g_free(node->tag);
    g_free(node->text);
    g_clear_pointer(&node->keys, g_ptr_array_unref);
    g_clear_pointer(&node->values, g_ptr_array_unref);
    g_free(node);
}

static void level_clear(gpointer data)
{
    Level *level = data;
    g_free(level->anchor);
    g_clear_pointer(&level->seen, g_hash_table_unref);
    g_clear_pointer(&level->again, g_array_unref);
}

void base_yaml_free(BaseYaml *self)
{
    if (self == NULL)
        return;
    g_free(self->name);
    g_clear_pointer(&self->nodes, g_ptr_array_unref);
    g_free(self);
}

static bool set_error_at(const BaseYaml *self, unsigned line, unsigned column, GError **error,
                         const char *message)
{
    return base_error_set(error, BASE_ERROR_INVALID, "%s:%u:%u: %s", self->name, line, column,
                          message);
}

bool base_yaml_set_error(const BaseYaml *self, const BaseYamlNode *node, GError **error,
                         const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    return set_error_at(self, node->line, node->column, error, message);
}

static const BaseYamlNode *last_key(const Builder *b)
{
    if (b->levels->len == 0)
        return NULL;
    const BaseYamlNode *node = g_array_index(b->levels, Level, b->levels->len - 1).node;
    if (node->kind != BASE_YAML_MAPPING || node->keys->len == 0)
        return node;
    return node->keys->pdata[node->keys->len - 1];
}

static BaseYamlNode *new_node(Builder *b, struct fy_event *event, BaseYamlKind kind)
{
    BaseYamlNode *node = g_new0(BaseYamlNode, 1);
    const struct fy_mark *mark = fy_event_start_mark(event);
    node->kind = kind;
    node->weight = 1;
    const BaseYamlNode *before = last_key(b);
    if (mark != NULL) {
        node->line = (unsigned)mark->line + 1;
        node->column = (unsigned)mark->column + 1;
    } else { /* a value that is not there: its key stands for it */
        node->line = before == NULL ? 1 : before->line;
        node->column = before == NULL ? 1 : before->column;
    }
    g_ptr_array_add(b->yaml->nodes, node);
    return node;
}

static char *token_text(struct fy_token *token)
{
    size_t length = 0;
    const char *text = token == NULL ? NULL : fy_token_get_text(token, &length);
    return text == NULL ? NULL : g_strndup(text, length);
}

static bool add_key(Builder *b, Level *level, BaseYamlNode *node, GError **error)
{
    if (node->kind != BASE_YAML_SCALAR)
        return base_yaml_set_error(b->yaml, node, error, "a key must be text");
    guint index = level->node->keys->len;
    gpointer found = g_hash_table_lookup(level->seen, node->text);
    if (found == NULL) {
        g_hash_table_insert(level->seen, node->text, GUINT_TO_POINTER(index + 1));
    } else if ((b->limits->flags & BASE_YAML_LAST_KEY_WINS) != 0) {
        if (level->again == NULL)
            level->again = g_array_new(FALSE, FALSE, sizeof(guint));
        g_array_append_val(level->again, index);
    } else {
        const BaseYamlNode *earlier = level->node->keys->pdata[GPOINTER_TO_UINT(found) - 1];
        return base_yaml_set_error(b->yaml, node, error,
                                   "key ‘%s’ stands twice; the first is on line %u", node->text,
                                   earlier->line);
    }
    g_ptr_array_add(level->node->keys, node);
    return true;
}

/* Moves each key that stood before, with its value, to the first one's place. */
static void let_last_keys_win(const Level *level)
{
    BaseYamlNode *node = level->node;
    if (level->again == NULL)
        return;
    for (guint i = 0; i < level->again->len; i++) {
        guint from = g_array_index(level->again, guint, i);
        const BaseYamlNode *key = node->keys->pdata[from];
        guint to = GPOINTER_TO_UINT(g_hash_table_lookup(level->seen, key->text)) - 1;
        node->keys->pdata[to] = node->keys->pdata[from];
        node->values->pdata[to] = node->values->pdata[from];
        node->keys->pdata[from] = NULL;
    }
    guint kept = 0;
    for (guint i = 0; i < node->keys->len; i++) {
        if (node->keys->pdata[i] == NULL)
            continue;
        node->keys->pdata[kept] = node->keys->pdata[i];
        node->values->pdata[kept++] = node->values->pdata[i];
    }
    g_ptr_array_set_size(node->keys, (gint)kept);
    g_ptr_array_set_size(node->values, (gint)kept);
}

static bool add_node(Builder *b, BaseYamlNode *node, GError **error)
{
    if (b->levels->len == 0) {
        b->yaml->root = node;
        return true;
    }
    Level *level = &g_array_index(b->levels, Level, b->levels->len - 1);
    BaseYamlNode *parent = level->node;
    parent->weight += node->weight;
    if (parent->weight > b->limits->max_nodes || b->yaml->nodes->len > b->limits->max_nodes)
        return base_yaml_set_error(b->yaml, node, error, "more than %zu values",
                                   b->limits->max_nodes);
    if (parent->kind == BASE_YAML_MAPPING && parent->keys->len == parent->values->len)
        return add_key(b, level, node, error);
    g_ptr_array_add(parent->values, node);
    return true;
}

static void remember_anchor(Builder *b, char *anchor, BaseYamlNode *node)
{
    if (anchor != NULL)
        g_hash_table_replace(b->anchors, anchor, node);
}

static bool add_scalar(Builder *b, struct fy_event *event, GError **error)
{
    struct fy_token *value = event->scalar.value;
    BaseYamlNode *node = new_node(b, event, BASE_YAML_SCALAR);
    enum fy_scalar_style style = value == NULL ? FYSS_PLAIN : fy_scalar_token_get_style(value);
    node->is_plain = style == FYSS_PLAIN;
    /* libfyaml's mark stands behind the opening quote. */
    if ((style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) && node->column > 1)
        node->column--;
    node->text = token_text(value);
    if (node->text == NULL)
        node->text = g_strdup("");
    const struct fy_mark *end = fy_event_end_mark(event);
    size_t length = strlen(node->text);
    if ((style == FYSS_LITERAL || style == FYSS_FOLDED) && b->cut_at > 0 && end != NULL &&
        end->input_pos >= b->cut_at && length > 0 && node->text[length - 1] == '\n')
        node->text[length - 1] = '\0';
    node->tag = token_text(event->scalar.tag);
    if (node->is_plain && node->tag == NULL &&
        (node->text[0] == '\0' || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0))
        node->kind = BASE_YAML_NULL;
    remember_anchor(b, token_text(event->scalar.anchor), node);
    return add_node(b, node, error);
}

static bool add_alias(Builder *b, struct fy_event *event, GError **error)
{
    g_autofree char *name = token_text(event->alias.anchor);
    BaseYamlNode *target = name == NULL ? NULL : g_hash_table_lookup(b->anchors, name);
    if (target == NULL) {
        const BaseYamlNode *place = new_node(b, event, BASE_YAML_NULL);
        return base_yaml_set_error(b->yaml, place, error, "nothing is anchored as ‘%s’ before this",
                                   name == NULL ? "" : name);
    }
    return add_node(b, target, error);
}

static bool start_container(Builder *b, struct fy_event *event, BaseYamlKind kind, GError **error)
{
    BaseYamlNode *node = new_node(b, event, kind);
    bool is_list = kind == BASE_YAML_LIST;
    struct fy_token *anchor = is_list ? event->sequence_start.anchor : event->mapping_start.anchor;
    node->tag = token_text(is_list ? event->sequence_start.tag : event->mapping_start.tag);
    if (b->levels->len >= b->limits->max_depth)
        return base_yaml_set_error(b->yaml, node, error, "more than %u levels deep",
                                   b->limits->max_depth);
    Level level = {.node = node, .anchor = token_text(anchor)};
    node->values = g_ptr_array_new();
    if (kind == BASE_YAML_MAPPING) {
        node->keys = g_ptr_array_new();
        level.seen = g_hash_table_new(g_str_hash, g_str_equal);
    }
    g_array_append_val(b->levels, level);
    return true;
}

static bool end_container(Builder *b, GError **error)
{
    Level *level = &g_array_index(b->levels, Level, b->levels->len - 1);
    BaseYamlNode *node = level->node;
    let_last_keys_win(level);
    remember_anchor(b, g_steal_pointer(&level->anchor), node);
    g_array_remove_index(b->levels, b->levels->len - 1);
    return add_node(b, node, error);
}

static bool handle_event(Builder *b, struct fy_event *event, GError **error)
{
    switch (event->type) {
    case FYET_DOCUMENT_START:
        if (b->n_documents++ > 0) {
            const BaseYamlNode *place = new_node(b, event, BASE_YAML_NULL);
            return base_yaml_set_error(b->yaml, place, error, "a second document starts");
        }
        return true;
    case FYET_SCALAR:
        return add_scalar(b, event, error);
    case FYET_ALIAS:
        return add_alias(b, event, error);
    case FYET_SEQUENCE_START:
        return start_container(b, event, BASE_YAML_LIST, error);
    case FYET_MAPPING_START:
        return start_container(b, event, BASE_YAML_MAPPING, error);
    case FYET_SEQUENCE_END:
    case FYET_MAPPING_END:
        return end_container(b, error);
    case FYET_NONE:
    case FYET_STREAM_START:
    case FYET_STREAM_END:
    case FYET_DOCUMENT_END:
        return true;
    }
    return true;
}

static bool check_diagnosis(Builder *b, GError **error)
{
    void *previous = NULL;
    const struct fy_diag_error *found = NULL;
    while ((found = fy_diag_errors_iterate(b->diag, &previous)) != NULL) {
        if (found->type != FYET_ERROR)
            continue;
        return set_error_at(b->yaml, (unsigned)MAX(found->line, 1), (unsigned)MAX(found->column, 1),
                            error, found->msg == NULL ? "no YAML" : found->msg);
    }
    if (fy_diag_got_error(b->diag))
        return set_error_at(b->yaml, 1, 1, error, "no YAML");
    return true;
}

static bool build(Builder *b, GBytes *bytes, GError **error)
{
    size_t size_bytes = 0;
    const char *text = g_bytes_get_data(bytes, &size_bytes);
    if (size_bytes > 0 && fy_parser_set_string(b->parser, text, size_bytes) != 0)
        return base_error_set(error, BASE_ERROR_FAILED, "%s: preparing the parser failed",
                              b->yaml->name);
    if ((b->limits->flags & BASE_YAML_ADD_NO_NEWLINE) != 0 && size_bytes > 0 &&
        text[size_bytes - 1] != '\n')
        b->cut_at = size_bytes;
    struct fy_event *event = NULL;
    while (size_bytes > 0 && (event = fy_parser_parse(b->parser)) != NULL) {
        bool fine = handle_event(b, event, error);
        fy_parser_event_free(b->parser, event);
        if (!fine)
            return false;
    }
    if (!check_diagnosis(b, error))
        return false;
    if (b->yaml->root != NULL)
        return true;
    if ((b->limits->flags & BASE_YAML_MAY_BE_EMPTY) == 0)
        return set_error_at(b->yaml, 1, 1, error, "the file is empty");
    BaseYamlNode *nothing = g_new0(BaseYamlNode, 1);
    *nothing = (BaseYamlNode){.kind = BASE_YAML_NULL, .line = 1, .column = 1, .weight = 1};
    g_ptr_array_add(b->yaml->nodes, nothing);
    b->yaml->root = nothing;
    return true;
}

static bool check_text(const BaseYaml *self, GBytes *bytes, size_t max_bytes, GError **error)
{
    size_t size_bytes = 0;
    const char *text = g_bytes_get_data(bytes, &size_bytes);
    const char *end = text;
    if (size_bytes > max_bytes)
        return base_error_set(error, BASE_ERROR_INVALID, "%s: larger than %zu bytes", self->name,
                              max_bytes);
    if (size_bytes == 0 || g_utf8_validate_len(text, size_bytes, &end))
        return true;
    unsigned line = 1;
    const char *line_start = text;
    for (const char *p = text; p < end; p++) {
        if (*p == '\n') {
            line++;
            line_start = p + 1;
        }
    }
    return set_error_at(self, line, (unsigned)(end - line_start) + 1, error, "no UTF-8 text");
}

BaseYaml *base_yaml_parse(const char *name, GBytes *bytes, GError **error)
{
    static const BaseYamlLimits limits = {
        .max_bytes = BASE_YAML_MAX_BYTES,
        .max_depth = BASE_YAML_MAX_DEPTH,
        .max_nodes = BASE_YAML_MAX_NODES,
    };
    return base_yaml_parse_within(name, bytes, &limits, error);
}

BaseYaml *base_yaml_parse_within(const char *name, GBytes *bytes, const BaseYamlLimits *limits,
                                 GError **error)
{
    g_autoptr(BaseYaml) self = g_new0(BaseYaml, 1);
    self->name = g_strdup(name);
    self->nodes = g_ptr_array_new_with_free_func(node_free);
    if (!check_text(self, bytes, limits->max_bytes, error))
        return NULL;
    struct fy_diag_cfg diag_cfg;
    fy_diag_cfg_default(&diag_cfg);
    diag_cfg.fp = NULL;
    Builder b = {.yaml = self, .limits = limits, .diag = fy_diag_create(&diag_cfg)};
    fy_diag_set_collect_errors(b.diag, true);
    const struct fy_parse_cfg cfg = {
        .search_path = "",
        .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DISABLE_MMAP_OPT | FYPCF_JSON_NONE |
                 FYPCF_ALLOW_DUPLICATE_KEYS,
        .diag = b.diag,
    };
    b.parser = fy_parser_create(&cfg);
    g_assert(b.parser != NULL);
    b.anchors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    b.levels = g_array_new(FALSE, TRUE, sizeof(Level));
    g_array_set_clear_func(b.levels, level_clear);
    bool fine = build(&b, bytes, error);
    g_array_unref(b.levels);
    g_hash_table_unref(b.anchors);
    fy_parser_destroy(b.parser);
    fy_diag_destroy(b.diag);
    return fine ? g_steal_pointer(&self) : NULL;
}

static const char *kind_name(BaseYamlKind kind)
{
    static const char *const names[] = {
        [BASE_YAML_NULL] = "nothing",
        [BASE_YAML_SCALAR] = "a single value",
        [BASE_YAML_LIST] = "a list",
        [BASE_YAML_MAPPING] = "a mapping",
    };
    return names[kind];
}

bool base_yaml_check_kind(const BaseYaml *self, const BaseYamlNode *node, const char *what,
                          BaseYamlKind kind, GError **error)
{
    if (node->kind == kind)
        return true;
    return base_yaml_set_error(self, node, error, "‘%s’ must be %s, not %s", what, kind_name(kind),
                               kind_name(node->kind));
}

bool base_yaml_is_bool(const BaseYamlNode *node)
{
    return node->kind == BASE_YAML_SCALAR && node->is_plain &&
           (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0);
}

bool base_yaml_get_string(const BaseYaml *self, const BaseYamlNode *node, const char *what,
                          const char **out_text, GError **error)
{
    if (node->kind != BASE_YAML_SCALAR)
        return base_yaml_set_error(self, node, error, "‘%s’ must be text, not %s", what,
                                   kind_name(node->kind));
    if (base_yaml_is_bool(node))
        return base_yaml_set_error(self, node, error,
                                   "‘%s’ must be text, not a boolean; for the word, write \"%s\"",
                                   what, node->text);
    *out_text = node->text;
    return true;
}

bool base_yaml_get_bool(const BaseYaml *self, const BaseYamlNode *node, const char *what,
                        bool *out_value, GError **error)
{
    if (!base_yaml_is_bool(node))
        return base_yaml_set_error(self, node, error, "‘%s’ must be true or false%s%s%s", what,
                                   node->text == NULL ? "" : ", not ‘",
                                   node->text == NULL ? "" : node->text,
                                   node->text == NULL ? "" : "’");
    *out_value = node->text[0] == 't';
    return true;
}

const BaseYamlNode *base_yaml_find(const BaseYamlNode *mapping, const char *key)
{
    for (guint i = 0; i < mapping->keys->len; i++) {
        const BaseYamlNode *candidate = mapping->keys->pdata[i];
        if (strcmp(candidate->text, key) == 0)
            return mapping->values->pdata[i];
    }
    return NULL;
}

bool base_yaml_set_unknown_key(const BaseYaml *self, const BaseYamlNode *key,
                               const char *const *known, GError **error)
{
    const char *nearest = base_nearest_name(key->text, known);
    if (nearest == NULL)
        return base_yaml_set_error(self, key, error, "unknown key ‘%s’", key->text);
    return base_yaml_set_error(self, key, error, "unknown key ‘%s’; did you mean ‘%s’?", key->text,
                               nearest);
}

bool base_yaml_check_keys(const BaseYaml *self, const BaseYamlNode *mapping,
                          const char *const *known, GError **error)
{
    for (guint i = 0; i < mapping->keys->len; i++) {
        const BaseYamlNode *key = mapping->keys->pdata[i];
        if (!g_strv_contains(known, key->text))
            return base_yaml_set_unknown_key(self, key, known, error);
    }
    return true;
}
