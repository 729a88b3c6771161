/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a commit says of itself: version, packages, inputs.
 */
#include "tree/describe.h"

#include "base/digest.h"
#include "packages/package.h"
#include "tree/describe-client.h"
#include "tree/rules.h"
#include "tree/account.h"

#include <string.h>

/* raised when the same packages and manifest start to give another tree */
#define RECIPE "atoll tree 4"

void tree_parent_clear(TreeParent *self)
{
    g_clear_pointer(&self->commit, g_free);
    g_clear_pointer(&self->metadata, g_variant_unref);
}

const char *tree_parent_text(const TreeParent *self, const char *key)
{
    const char *text = NULL;
    if (self->metadata != NULL)
        (void)g_variant_lookup(self->metadata, key, "&s", &text);
    return text;
}

static void add(BaseSha256 *sha256, const char *text)
{
    base_sha256_update(sha256, text, strlen(text) + 1);
}

char *tree_describe_inputs(const Manifest *manifest, GPtrArray *packages, const char *public_key)
{
    g_autoptr(BaseSha256) sha256 = base_sha256_new();
    add(sha256, RECIPE);
    add(sha256, manifest->digest);
    add(sha256, public_key);
    g_autofree char *rules = tree_rules_digest();
    add(sha256, rules);
    for (guint i = 0; i < packages->len; i++) {
        const PackagesPackage *package = packages->pdata[i];
        add(sha256, package->name);
        add(sha256, package->arch);
        add(sha256, package->sha256);
    }
    char *hex = g_malloc(BASE_SHA256_HEX_CHARS + 1);
    base_sha256_finish_hex(sha256, hex);
    return hex;
}

static char *expand_dates(const char *prefix, GDateTime *now)
{
    g_autoptr(GString) out = g_string_new(NULL);
    while (*prefix != '\0') {
        const char *end = NULL;
        if (g_str_has_prefix(prefix, "<date:") && (end = strchr(prefix, '>')) != NULL) {
            g_autofree char *format = g_strndup(prefix + 6, (size_t)(end - prefix - 6));
            g_autofree char *date = g_date_time_format(now, format);
            g_string_append(out, date != NULL ? date : "");
            prefix = end + 1;
        } else {
            g_string_append_c(out, *prefix++);
        }
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

char *tree_describe_version(const char *prefix, const char *suffix, const char *last,
                            GDateTime *now)
{
    g_autofree char *expanded = expand_dates(prefix != NULL ? prefix : "<date:%Y%m%d>", now);
    const char *dot = suffix != NULL ? suffix : ".";
    size_t length = strlen(expanded);
    if (last == NULL || strncmp(last, expanded, length) != 0 ||
        (last[length] != '\0' && last[length] != dot[0])) {
        bool has_date =
            prefix != NULL && strstr(prefix, "<date:") != NULL && strcmp(prefix, expanded) != 0;
        return has_date ? g_strconcat(expanded, dot, "0", NULL) : g_steal_pointer(&expanded);
    }
    uint64_t number = 0;
    if (last[length] == dot[0] &&
        !g_ascii_string_to_unsigned(last + length + 1, 10, 0, UINT32_MAX, &number, NULL))
        number = 0;
    return g_strdup_printf("%s%s%" G_GUINT64_FORMAT, expanded, dot, number + 1);
}

static GVariant *packages_variant(GPtrArray *packages)
{
    g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a(sssss)"));
    for (guint i = 0; i < packages->len; i++) {
        const PackagesPackage *package = packages->pdata[i];
        g_variant_builder_add(&builder, "(sssss)", package->name, package->version, package->arch,
                              package->source, package->sha256);
    }
    return g_variant_builder_end(&builder);
}

GVariant *tree_describe_metadata(const TreeDescription *self)
{
    g_autoptr(GVariant) given = tree_describe_client_numbers(self->manifest->metadata);
    g_autoptr(GVariantDict) dict = g_variant_dict_new(given);
    const char *const bindings[] = {self->manifest->ref, NULL};
    g_autoptr(GVariant) uids = tree_users_uids(self->ids);
    g_autoptr(GVariant) gids = tree_users_gids(self->ids);
    g_variant_dict_insert(dict, "version", "s", self->version);
    g_variant_dict_insert_value(dict, "ostree.ref-binding", g_variant_new_strv(bindings, -1));
    g_variant_dict_insert(dict, TREE_DESCRIBE_MANIFEST_KEY, "s", self->manifest->digest);
    g_variant_dict_insert(dict, TREE_ACCOUNT_MANIFEST_KEY, "s", self->manifest_text);
    g_variant_dict_insert(dict, TREE_ACCOUNT_SBOM_KEY, "s", self->sbom_digest);
    if (self->lock_digest != NULL)
        g_variant_dict_insert(dict, TREE_ACCOUNT_LOCK_KEY, "s", self->lock_digest);
    g_variant_dict_insert(dict, TREE_DESCRIBE_INPUTS_KEY, "s", self->inputs);
    g_variant_dict_insert_value(dict, "atoll.packages", packages_variant(self->packages));
    g_variant_dict_insert_value(dict, TREE_USERS_UIDS_KEY, uids);
    g_variant_dict_insert_value(dict, TREE_USERS_GIDS_KEY, gids);
    if (self->kernel != NULL) {
        g_variant_dict_insert(dict, "ostree.bootable", "b", TRUE);
        g_variant_dict_insert(dict, "ostree.linux", "s", self->kernel);
    }
    tree_describe_client(self, dict);
    return g_variant_ref_sink(g_variant_dict_end(dict));
}

GVariant *tree_describe_detached(const TreeDescription *self)
{
    g_autoptr(GVariantDict) dict = g_variant_dict_new(NULL);
    tree_describe_client_detached(self, dict);
    return g_variant_ref_sink(g_variant_dict_end(dict));
}
