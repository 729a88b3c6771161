/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Conditions of conditional-include (rpm-ostree, "Treefile reference"): a variable, an
 * operator, a value. Text and booleans are the same or not; numbers have an order.
 */
#include "manifest/conditions.h"

#include "base/nearest.h"
#include "manifest/records.h"

#include <string.h>

typedef enum { VALUE_TEXT, VALUE_NUMBER, VALUE_BOOL } ValueKind;

typedef struct {
    ValueKind kind;
    uint64_t number;
} Value;

struct _ManifestCondition {
    char *variable; /* owned */
    unsigned op;    /* index into operators */
    char *text;     /* owned: the value */
    bool is_plain;
    ManifestPlace place;
};

static const char *const operators[] = {"==", "!=", "<", "<=", ">", ">=", NULL};

void manifest_condition_free(ManifestCondition *self)
{
    if (self == NULL)
        return;
    g_free(self->variable);
    g_free(self->text);
    manifest_place_clear(&self->place);
    g_free(self);
}

static Value value_of(const char *text, bool is_plain)
{
    Value value = {.kind = VALUE_TEXT};
    if (is_plain && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0))
        value.kind = VALUE_BOOL;
    else if (is_plain && g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, &value.number, NULL))
        value.kind = VALUE_NUMBER;
    return value;
}

static bool find_operator(const char *text, unsigned *out_index)
{
    for (unsigned i = 0; operators[i] != NULL; i++) {
        if (strcmp(operators[i], text) == 0) {
            *out_index = i;
            return true;
        }
    }
    return false;
}

/* "…" and '…' are text; what has no quotes is a boolean or a number. */
static bool take_value(ManifestCondition *self, const char *text)
{
    size_t length = strlen(text);
    bool is_quoted = length >= 2 && (text[0] == '"' || text[0] == '\'');
    if (is_quoted) {
        self->text = g_strndup(text + 1, length - 2);
        return text[length - 1] == text[0] && strchr(self->text, text[0]) == NULL;
    }
    self->text = g_strdup(text);
    self->is_plain = true;
    return value_of(text, true).kind != VALUE_TEXT;
}

ManifestCondition *manifest_condition_parse(const BaseYaml *yaml, const BaseYamlNode *node,
                                            GError **error)
{
    const char *text = NULL;
    if (!base_yaml_get_string(yaml, node, "if", &text, error))
        return NULL;
    g_autofree char *trimmed = g_strstrip(g_strdup(text));
    size_t name_length = strcspn(trimmed, " \t=!<>");
    const char *rest = trimmed + name_length + strspn(trimmed + name_length, " \t");
    size_t operator_length = strspn(rest, "=!<>");
    g_autofree char *symbol = g_strndup(rest, operator_length);
    g_autoptr(ManifestCondition) self = g_new0(ManifestCondition, 1);
    self->variable = g_strndup(trimmed, name_length);
    self->place = manifest_place_at(yaml, node);
    rest += operator_length;
    rest += strspn(rest, " \t");
    if (name_length == 0 || !find_operator(symbol, &self->op) || !take_value(self, rest)) {
        base_yaml_set_error(
            yaml, node, error,
            "‘%s’ is no condition: it wants a variable, one of == != < <= > >=, and "
            "true, false, a number or text in quotes, as in ‘stream == \"next\"’",
            text);
        return NULL;
    }
    return g_steal_pointer(&self);
}

static const ManifestVariable *find(const GPtrArray *variables, const char *name)
{
    for (guint i = 0; i < variables->len; i++) {
        const ManifestVariable *variable = variables->pdata[i];
        if (strcmp(variable->name, name) == 0)
            return variable;
    }
    return NULL;
}

static bool set_unknown(const ManifestCondition *self, const GPtrArray *variables, GError **error)
{
    g_autoptr(GPtrArray) known = g_ptr_array_new();
    for (guint i = 0; i < variables->len; i++)
        g_ptr_array_add(known, ((ManifestVariable *)variables->pdata[i])->name);
    g_ptr_array_add(known, NULL);
    const char *nearest = base_nearest_name(self->variable, (const char *const *)known->pdata);
    if (nearest == NULL)
        return manifest_place_set_error(&self->place, error,
                                        "variable ‘%s’ is not set; set it under ‘variables’",
                                        self->variable);
    return manifest_place_set_error(&self->place, error,
                                    "variable ‘%s’ is not set; did you mean ‘%s’?", self->variable,
                                    nearest);
}

static int compare(const ManifestCondition *self, const ManifestVariable *variable, Value left,
                   Value right)
{
    if (left.kind == VALUE_NUMBER)
        return left.number < right.number ? -1 : left.number > right.number ? 1 : 0;
    return strcmp(variable->value, self->text) == 0 ? 0 : 1;
}

static bool holds(const ManifestCondition *self, int order)
{
    switch (self->op) {
    case 0:
        return order == 0;
    case 1:
        return order != 0;
    case 2:
        return order < 0;
    case 3:
        return order <= 0;
    case 4:
        return order > 0;
    default:
        return order >= 0;
    }
}

static bool evaluate(const ManifestCondition *self, const GPtrArray *variables, bool *out_holds,
                     GError **error)
{
    static const char *const kinds[] = {"text", "a number", "a boolean"};
    const ManifestVariable *variable = find(variables, self->variable);
    if (variable == NULL)
        return set_unknown(self, variables, error);
    Value left = value_of(variable->value, variable->is_plain);
    Value right = value_of(self->text, self->is_plain);
    if (left.kind != right.kind)
        return manifest_place_set_error(
            &self->place, error, "‘%s’ is %s (‘%s’) and cannot be compared with ‘%s’, which is %s",
            self->variable, kinds[left.kind], variable->value, self->text, kinds[right.kind]);
    if (left.kind != VALUE_NUMBER && self->op > 1)
        return manifest_place_set_error(
            &self->place, error,
            "‘%s’ is %s, which has no order: it wants == or !=", self->variable, kinds[left.kind]);
    *out_holds = holds(self, compare(self, variable, left, right));
    return true;
}

bool manifest_conditions_hold(const GPtrArray *conditions, const GPtrArray *variables,
                              bool *out_holds, GError **error)
{
    bool all = true;
    for (guint i = 0; i < conditions->len; i++) {
        bool one = false;
        if (!evaluate(conditions->pdata[i], variables, &one, error))
            return false;
        all = all && one;
    }
    *out_holds = all;
    return true;
}
