/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The Debian security tracker's JSON: source package, vulnerability, release.
 */
#include "packages/advisories/advisories-private.h"

#include "packages/json.h"

#include <string.h>

#define ENTRY_MAX_BYTES (4u << 20)

typedef struct {
    PackagesAdvisories *advisories;
    GPtrArray *subjects; /* borrowed */
} Package;

static void judge(const Package *package, const PackagesSubject *subject, const char *id,
                  JsonObject *entry, JsonObject *release)
{
    const char *status = packages_json_string(release, "status");
    const char *fixed = packages_json_string(release, "fixed_version");
    const char *urgency = packages_json_string(release, "urgency");
    const char *version = packages_advisories_version(package->advisories, subject);
    bool is_open = g_strcmp0(status, "open") == 0;
    /* "0" is what was never there; what is undetermined nobody knows */
    bool is_older = g_strcmp0(status, "resolved") == 0 && fixed != NULL &&
                    strcmp(fixed, "0") != 0 &&
                    packages_advisories_is_older(package->advisories, version, fixed);
    if (!is_open && !is_older)
        return;
    PackagesFinding *finding = packages_advisories_add(package->advisories, subject, id);
    const char *title = packages_json_string(entry, "description");
    finding->fixed = is_older ? g_strdup(fixed) : NULL;
    finding->title = g_strdup(title);
    /* the tracker marks a guess with asterisks */
    g_autofree char *word =
        g_strndup(urgency != NULL ? urgency : "", urgency != NULL ? strcspn(urgency, "*") : 0);
    (void)packages_severity_parse(word, &finding->severity);
}

static bool take_entry(const char *name, const char *data, size_t size_bytes, void *user_data,
                       GError **error)
{
    const Package *package = user_data;
    g_autoptr(JsonNode) node = packages_json_parse(data, size_bytes, error);
    if (node == NULL) {
        g_prefix_error(error, "%s: ", name);
        return false;
    }
    JsonObject *entry = packages_json_object(node);
    JsonObject *release = packages_json_member(packages_json_member(entry, "releases"),
                                               package->advisories->audit->release);
    package->advisories->n_releases += release != NULL;
    for (guint i = 0; release != NULL && i < package->subjects->len; i++)
        judge(package, package->subjects->pdata[i], name, entry, release);
    return true;
}

bool packages_advisories_debian(PackagesAdvisories *self, const char *name, const char *data,
                                size_t size_bytes, GError **error)
{
    Package package = {.advisories = self, .subjects = g_hash_table_lookup(self->by_name, name)};
    if (strcmp(self->audit->format, "deb") != 0) {
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                    "the Debian security tracker is about debs, and this tree is of %ss",
                    self->audit->format);
        return false;
    }
    if (package.subjects == NULL)
        return true;
    self->n_packages++;
    g_autoptr(PackagesJsonSplit) split =
        packages_json_split_new(ENTRY_MAX_BYTES, take_entry, &package);
    if (packages_json_split_feed(split, data, size_bytes, error) &&
        packages_json_split_end(split, error))
        return true;
    g_prefix_error(error, "package ‘%s’: ", name);
    return false;
}
