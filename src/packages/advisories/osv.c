/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * OSV entries (ossf.github.io/osv-schema, 1.6): packages by ecosystem, ranges of versions.
 */
#include "packages/advisories/advisories-private.h"

#include "packages/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_MAX 4096

static const struct {
    const char *ecosystem;
    const char *os_id;
} ecosystems[] = {
    {"AlmaLinux", "almalinux"}, {"Debian", "debian"}, {"Fedora", "fedora"},
    {"Mageia", "mageia"},       {"Red Hat", "rhel"},  {"Rocky Linux", "rocky"},
    {"SUSE", "sles"},           {"Ubuntu", "ubuntu"}, {"openEuler", "openEuler"},
    {"openSUSE", "opensuse"},   {"CentOS", "centos"},
};

/* "Debian:12", "Debian", "Ubuntu:22.04:LTS" */
static bool is_ours(const PackagesAudit *audit, const char *ecosystem)
{
    g_auto(GStrv) parts = g_strsplit(ecosystem, ":", 3);
    for (size_t i = 0; parts[0] != NULL && i < G_N_ELEMENTS(ecosystems); i++) {
        if (strcmp(parts[0], ecosystems[i].ecosystem) != 0 ||
            strcmp(audit->os_id, ecosystems[i].os_id) != 0)
            continue;
        if (parts[1] == NULL || strcmp(parts[1], audit->os_version) == 0)
            return true;
        g_autofree char *major = g_strndup(audit->os_version, strcspn(audit->os_version, "."));
        return strcmp(parts[1], major) == 0;
    }
    return false;
}

/* --- severity --- */

static double weight(const char *vector, const char *metric, const char *values,
                     const double *weights)
{
    g_autofree char *wanted = g_strdup_printf("/%s:", metric);
    const char *at = strstr(vector, wanted);
    const char *value = at != NULL ? strchr(values, at[strlen(wanted)]) : NULL;
    return value != NULL && *value != '\0' ? weights[value - values] : -1;
}

/* The base score's rating (CVSS v3.1, sections 5 and 7.1). */
static PackagesSeverity rate_cvss3(const char *vector)
{
    bool changed = strstr(vector, "/S:C") != NULL;
    double av = weight(vector, "AV", "NALP", (const double[]){0.85, 0.62, 0.55, 0.2});
    double ac = weight(vector, "AC", "LH", (const double[]){0.77, 0.44});
    double pr =
        weight(vector, "PR", "NLH",
               changed ? (const double[]){0.85, 0.68, 0.5} : (const double[]){0.85, 0.62, 0.27});
    double ui = weight(vector, "UI", "NR", (const double[]){0.85, 0.62});
    static const double impacts[] = {0.56, 0.22, 0};
    double c = weight(vector, "C", "HLN", impacts);
    double i = weight(vector, "I", "HLN", impacts);
    double a = weight(vector, "A", "HLN", impacts);
    if (av < 0 || ac < 0 || pr < 0 || ui < 0 || c < 0 || i < 0 || a < 0)
        return PACKAGES_SEVERITY_UNKNOWN;
    double base = 1 - (1 - c) * (1 - i) * (1 - a);
    double impact = changed ? 7.52 * (base - 0.029) - 3.25 * pow(base - 0.02, 15) : 6.42 * base;
    double score = impact <= 0 ? 0 : impact + 8.22 * av * ac * pr * ui;
    score = ceil(MIN(impact <= 0 ? 0 : (changed ? 1.08 : 1.0) * score, 10) * 10 - 1e-6) / 10;
    if (score >= 9)
        return PACKAGES_SEVERITY_CRITICAL;
    if (score >= 7)
        return PACKAGES_SEVERITY_HIGH;
    if (score >= 4)
        return PACKAGES_SEVERITY_MEDIUM;
    return score > 0 ? PACKAGES_SEVERITY_LOW : PACKAGES_SEVERITY_UNKNOWN;
}

static bool take_word(JsonObject *object, const char *name, PackagesSeverity *out_severity)
{
    const char *word = packages_json_string(object, name);
    return word != NULL && packages_severity_parse(word, out_severity);
}

static PackagesSeverity rate(JsonObject *entry, JsonObject *affected)
{
    PackagesSeverity severity = PACKAGES_SEVERITY_UNKNOWN;
    JsonObject *specific = packages_json_member(affected, "ecosystem_specific");
    if (take_word(specific, "severity", &severity) || take_word(specific, "urgency", &severity) ||
        take_word(packages_json_member(affected, "database_specific"), "severity", &severity) ||
        take_word(packages_json_member(entry, "database_specific"), "severity", &severity))
        if (severity != PACKAGES_SEVERITY_UNKNOWN)
            return severity;
    JsonArray *scores = packages_json_array(entry, "severity");
    for (guint i = 0; scores != NULL && i < json_array_get_length(scores); i++) {
        const char *vector = packages_json_string(packages_json_item(scores, i), "score");
        if (vector != NULL && g_str_has_prefix(vector, "CVSS:3"))
            return rate_cvss3(vector);
    }
    return severity;
}

/* --- versions --- */

typedef struct {
    const char *version;
    int kind; /* 0 introduced, 1 fixed, 2 last affected */
} Event;

typedef struct {
    const PackagesAdvisories *advisories;
    const char *version;
} Judge;

static int compare_events(const void *a, const void *b, void *user_data)
{
    const PackagesAdvisories *self = user_data;
    const Event *left = a, *right = b;
    int left_zero = strcmp(left->version, "0") == 0, right_zero = strcmp(right->version, "0") == 0;
    if (left_zero || right_zero)
        return right_zero - left_zero;
    if (packages_advisories_is_older(self, left->version, right->version))
        return -1;
    return packages_advisories_is_older(self, right->version, left->version) ? 1 : 0;
}

/* OSV's own rule: events in the order of versions, each of which turns it on or off. */
static bool is_in_range(const Judge *judge, JsonArray *list, const char **out_fixed)
{
    static const char *const kinds[] = {"introduced", "fixed", "last_affected"};
    g_autoptr(GArray) events = g_array_new(FALSE, FALSE, sizeof(Event));
    for (guint i = 0; i < MIN(json_array_get_length(list), EVENTS_MAX); i++)
        for (int kind = 0; kind < 3; kind++) {
            const char *version = packages_json_string(packages_json_item(list, i), kinds[kind]);
            Event event = {.version = version, .kind = kind};
            if (version != NULL)
                g_array_append_val(events, event);
        }
    g_array_sort_with_data(events, compare_events, (void *)(uintptr_t)judge->advisories);
    bool affected = false;
    *out_fixed = NULL;
    for (guint i = 0; i < events->len; i++) {
        const Event *event = &g_array_index(events, Event, i);
        bool is_zero = strcmp(event->version, "0") == 0;
        bool reached = is_zero || !packages_advisories_is_older(judge->advisories, judge->version,
                                                                event->version);
        bool passed = !is_zero && packages_advisories_is_older(judge->advisories, event->version,
                                                               judge->version);
        if (event->kind == 0 && reached)
            affected = true;
        else if ((event->kind == 1 && reached) || (event->kind == 2 && passed))
            affected = false;
        else if (event->kind == 1 && affected && *out_fixed == NULL)
            *out_fixed = event->version;
    }
    return affected;
}

static bool is_affected(const Judge *judge, JsonObject *affected, const char **out_fixed)
{
    *out_fixed = NULL;
    JsonArray *ranges = packages_json_array(affected, "ranges");
    for (guint i = 0; ranges != NULL && i < json_array_get_length(ranges); i++) {
        JsonObject *range = packages_json_item(ranges, i);
        JsonArray *events = packages_json_array(range, "events");
        if (g_strcmp0(packages_json_string(range, "type"), "ECOSYSTEM") == 0 && events != NULL &&
            is_in_range(judge, events, out_fixed))
            return true;
    }
    JsonArray *versions = packages_json_array(affected, "versions");
    for (guint i = 0; versions != NULL && i < json_array_get_length(versions); i++) {
        JsonNode *node = json_array_get_element(versions, i);
        if (json_node_get_value_type(node) == G_TYPE_STRING &&
            strcmp(json_node_get_string(node), judge->version) == 0)
            return true;
    }
    return false;
}

static char *join_aliases(JsonObject *entry)
{
    JsonArray *aliases = packages_json_array(entry, "aliases");
    g_autoptr(GString) out = g_string_new(NULL);
    for (guint i = 0; aliases != NULL && i < json_array_get_length(aliases); i++) {
        JsonNode *node = json_array_get_element(aliases, i);
        if (json_node_get_value_type(node) == G_TYPE_STRING)
            g_string_append_printf(out, "%s%s", out->len > 0 ? " " : "",
                                   json_node_get_string(node));
    }
    return out->len > 0 ? g_string_free(g_steal_pointer(&out), FALSE) : NULL;
}

static void match(PackagesAdvisories *self, JsonObject *entry, const char *id, JsonObject *affected)
{
    JsonObject *package = packages_json_member(affected, "package");
    const char *ecosystem = packages_json_string(package, "ecosystem");
    const char *name = packages_json_string(package, "name");
    GPtrArray *subjects = name != NULL && ecosystem != NULL && is_ours(self->audit, ecosystem)
                              ? g_hash_table_lookup(self->by_name, name)
                              : NULL;
    for (guint i = 0; subjects != NULL && i < subjects->len; i++) {
        const PackagesSubject *subject = subjects->pdata[i];
        Judge judge = {.advisories = self, .version = packages_advisories_version(self, subject)};
        const char *fixed = NULL;
        if (!is_affected(&judge, affected, &fixed))
            continue;
        const char *title = packages_json_string(entry, "summary");
        PackagesFinding *finding = packages_advisories_add(self, subject, id);
        finding->severity = rate(entry, affected);
        finding->fixed = g_strdup(fixed);
        finding->aliases = join_aliases(entry);
        finding->title = g_strdup(title != NULL ? title : packages_json_string(entry, "details"));
    }
}

bool packages_advisories_osv(PackagesAdvisories *self, const char *data, size_t size_bytes,
                             GError **error)
{
    g_autoptr(JsonNode) node = packages_json_parse(data, size_bytes, error);
    if (node == NULL)
        return false;
    JsonObject *entry = packages_json_object(node);
    const char *id = packages_json_string(entry, "id");
    if (id == NULL) {
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                    "want an OSV entry, which is an object with an id");
        return false;
    }
    if (packages_json_string(entry, "withdrawn") != NULL)
        return true;
    JsonArray *affected = packages_json_array(entry, "affected");
    for (guint i = 0; affected != NULL && i < json_array_get_length(affected); i++)
        match(self, entry, id, packages_json_item(affected, i));
    return true;
}
