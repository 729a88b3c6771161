/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What an rpm-md repository has that a Debian one has not, in the words of dnf.conf(5).
 */
#include "manifest/rpm-repo.h"

#include "base/digest.h"
#include "manifest/check.h"
#include "manifest/content.h"
#include "manifest/records.h"

#include <errno.h>
#include <json-glib/json-glib.h>
#include <string.h>

#define ARMOUR "-----BEGIN PGP PUBLIC KEY BLOCK-----"
#define NUMBER_MAX 1000000

static const char *const rpm_keys[] = {
    "name",        "type",        "url",        "urls",          "baseurl",
    "metalink",    "gpgkeys",     "mirrorlist", "gpgcheck",      "cost",
    "priority",    "trusted",     "gpgkey",     "repo_gpgcheck", "module_hotfixes",
    "excludepkgs", "includepkgs", NULL,
};

bool manifest_rpm_repo_is_armoured(const char *key)
{
    return strstr(key, ARMOUR) != NULL;
}

/* --- parsing --- */

static bool parse_text(const BaseYaml *yaml, const BaseYamlNode *node, const char *key,
                       char **out_text, GError **error)
{
    const BaseYamlNode *value = base_yaml_find(node, key);
    const char *text = NULL;
    if (value == NULL)
        return true;
    if (!base_yaml_get_string(yaml, value, key, &text, error))
        return false;
    g_free(*out_text);
    *out_text = g_strdup(text);
    return true;
}

static bool parse_bool(const BaseYaml *yaml, const BaseYamlNode *node, const char *key,
                       bool *out_value, GError **error)
{
    const BaseYamlNode *value = base_yaml_find(node, key);
    return value == NULL || base_yaml_get_bool(yaml, value, key, out_value, error);
}

static bool parse_number(const BaseYaml *yaml, const BaseYamlNode *node, const char *key,
                         unsigned *out_value, GError **error)
{
    const BaseYamlNode *value = base_yaml_find(node, key);
    if (value == NULL)
        return true;
    guint64 number = 0;
    if (value->kind != BASE_YAML_SCALAR ||
        !g_ascii_string_to_unsigned(value->text, 10, 0, NUMBER_MAX, &number, NULL))
        return base_yaml_set_error(yaml, value, error, "‘%s’ wants a number from 0 to %d", key,
                                   NUMBER_MAX);
    *out_value = (unsigned)number;
    return true;
}

/* A list of texts or one text; of one text its words, when @words. */
static bool parse_list(const BaseYaml *yaml, const BaseYamlNode *node, const char *key, bool words,
                       char ***out_texts, GError **error)
{
    const BaseYamlNode *value = base_yaml_find(node, key);
    const char *text = NULL;
    if (value == NULL)
        return true;
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    if (value->kind != BASE_YAML_LIST) {
        if (!base_yaml_get_string(yaml, value, key, &text, error))
            return false;
        g_auto(GStrv) parts = g_strsplit_set(text, words ? " ,\t\n" : "", -1);
        for (char **part = parts; *part != NULL; part++)
            if (**part != '\0')
                g_strv_builder_add(builder, *part);
    }
    for (guint i = 0; value->kind == BASE_YAML_LIST && i < value->values->len; i++) {
        if (!base_yaml_get_string(yaml, value->values->pdata[i], key, &text, error))
            return false;
        g_strv_builder_add(builder, text);
    }
    g_strfreev(*out_texts);
    *out_texts = g_strv_builder_end(builder);
    return true;
}

static void make_absolute(const BaseYaml *yaml, char **keys)
{
    g_autofree char *folder = g_path_get_dirname(yaml->name);
    g_autofree char *absolute = g_canonicalize_filename(folder, NULL);
    for (char **key = keys; *key != NULL; key++) {
        if (manifest_rpm_repo_is_armoured(*key))
            continue;
        const char *path = g_str_has_prefix(*key, "file://") ? *key + strlen("file://") : *key;
        char *full = g_canonicalize_filename(path, absolute);
        g_free(*key);
        *key = full;
    }
}

static bool check_synonyms(const BaseYaml *yaml, const BaseYamlNode *node, GError **error)
{
    static const char *const pairs[][2] = {
        {"baseurl", "url"}, {"baseurl", "urls"}, {"gpgkeys", "gpgkey"}};
    for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
        const BaseYamlNode *second = base_yaml_find(node, pairs[i][1]);
        if (second != NULL && base_yaml_find(node, pairs[i][0]) != NULL)
            return base_yaml_set_error(yaml, second, error, "‘%s’ and ‘%s’ are the same; say one",
                                       pairs[i][0], pairs[i][1]);
    }
    return true;
}

bool manifest_rpm_repo_parse(const BaseYaml *yaml, const BaseYamlNode *node, ManifestRepo *repo,
                             GError **error)
{
    if (!base_yaml_check_keys(yaml, node, rpm_keys, error) || !check_synonyms(yaml, node, error))
        return false;
    ManifestRpmRepo *rpm = manifest_rpm_repo_new();
    repo->rpm = rpm;
    if (!parse_bool(yaml, node, "trusted", &repo->trusted, error))
        return false;
    rpm->gpgcheck = !repo->trusted;
    if (!parse_list(yaml, node, "baseurl", false, &repo->urls, error) ||
        !parse_text(yaml, node, "metalink", &rpm->metalink, error) ||
        !parse_text(yaml, node, "mirrorlist", &rpm->mirrorlist, error) ||
        !parse_list(yaml, node, "gpgkey", false, &rpm->gpgkeys, error) ||
        !parse_list(yaml, node, "gpgkeys", false, &rpm->gpgkeys, error) ||
        !parse_bool(yaml, node, "gpgcheck", &rpm->gpgcheck, error) ||
        !parse_bool(yaml, node, "repo_gpgcheck", &rpm->repo_gpgcheck, error) ||
        !parse_bool(yaml, node, "module_hotfixes", &rpm->module_hotfixes, error) ||
        !parse_number(yaml, node, "cost", &rpm->cost, error) ||
        !parse_number(yaml, node, "priority", &rpm->priority, error) ||
        !parse_list(yaml, node, "excludepkgs", true, &rpm->excludepkgs, error) ||
        !parse_list(yaml, node, "includepkgs", true, &rpm->includepkgs, error))
        return false;
    make_absolute(yaml, rpm->gpgkeys);
    return true;
}

/* --- checking --- */

static bool check_keys(const ManifestRepo *repo, GError **error)
{
    const ManifestRpmRepo *rpm = repo->rpm;
    bool wants_key = rpm->gpgcheck || rpm->repo_gpgcheck;
    if (repo->trusted && wants_key)
        return manifest_place_set_error(&repo->place, error,
                                        "repository ‘%s’: ‘trusted: true’ would ignore its "
                                        "signatures; say one of the two",
                                        repo->id);
    if (!repo->trusted && !wants_key)
        return manifest_place_set_error(
            &repo->place, error,
            "repository ‘%s’ has neither ‘gpgcheck’ nor ‘repo_gpgcheck’; say one of them, or take "
            "it unsigned with ‘trusted: true’",
            repo->id);
    if (wants_key && rpm->gpgkeys[0] == NULL)
        return manifest_place_set_error(&repo->place, error,
                                        "repository ‘%s’ has no ‘gpgkeys’; name the files that "
                                        "hold its keys, or take it unsigned with ‘trusted: true’",
                                        repo->id);
    for (char **key = rpm->gpgkeys; *key != NULL; key++)
        if (!manifest_rpm_repo_is_armoured(*key) && !g_file_test(*key, G_FILE_TEST_IS_REGULAR))
            return manifest_place_set_error(
                &repo->place, error, "repository ‘%s’: there is no key ‘%s’", repo->id, *key);
    return true;
}

bool manifest_rpm_repo_check(const ManifestRepo *repo, GError **error)
{
    const ManifestRpmRepo *rpm = repo->rpm;
    if (repo->urls[0] == NULL && rpm->metalink == NULL && rpm->mirrorlist == NULL)
        return manifest_place_set_error(
            &repo->place, error, "repository ‘%s’ has no ‘baseurl’, ‘metalink’ or ‘mirrorlist’",
            repo->id);
    const char *const lists[] = {rpm->metalink, rpm->mirrorlist};
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        g_autofree char *wrong = lists[i] != NULL ? manifest_check_url(lists[i]) : NULL;
        if (wrong != NULL)
            return manifest_place_set_error(&repo->place, error, "repository ‘%s’: %s", repo->id,
                                            wrong);
    }
    return check_keys(repo, error);
}

/* --- printing --- */

static void print_texts(JsonBuilder *json, const char *name, char **texts)
{
    if (texts[0] == NULL)
        return;
    json_builder_set_member_name(json, name);
    json_builder_begin_array(json);
    for (char **text = texts; *text != NULL; text++)
        json_builder_add_string_value(json, *text);
    json_builder_end_array(json);
}

static void print_bool(JsonBuilder *json, const char *name, bool value)
{
    json_builder_set_member_name(json, name);
    json_builder_add_boolean_value(json, value);
}

static void print_number(JsonBuilder *json, const char *name, unsigned value, unsigned normal)
{
    if (value == normal)
        return;
    json_builder_set_member_name(json, name);
    json_builder_add_int_value(json, value);
}

static void print_text(JsonBuilder *json, const char *name, const char *text)
{
    if (text == NULL)
        return;
    json_builder_set_member_name(json, name);
    json_builder_add_string_value(json, text);
}

static bool print_keys(const ManifestRepo *repo, JsonBuilder *json, bool for_digest, GError **error)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    for (char **key = repo->rpm->gpgkeys; *key != NULL; key++) {
        g_autofree char *digest = NULL;
        if (for_digest && manifest_rpm_repo_is_armoured(*key))
            digest = base_sha256_hex(*key, strlen(*key));
        else if (for_digest)
            digest = manifest_content_digest(*key, &repo->place, error);
        if (for_digest && digest == NULL)
            return false;
        g_strv_builder_add(builder, digest != NULL ? digest : *key);
    }
    g_auto(GStrv) keys = g_strv_builder_end(builder);
    print_texts(json, "gpgkeys", keys);
    return true;
}

bool manifest_rpm_repo_print(const ManifestRepo *repo, JsonBuilder *json, bool for_digest,
                             GError **error)
{
    const ManifestRpmRepo *rpm = repo->rpm;
    json_builder_begin_object(json);
    print_texts(json, "baseurl", repo->urls);
    print_number(json, "cost", rpm->cost, MANIFEST_RPM_REPO_COST);
    print_texts(json, "excludepkgs", rpm->excludepkgs);
    if (!repo->trusted)
        print_bool(json, "gpgcheck", rpm->gpgcheck);
    if (!print_keys(repo, json, for_digest, error))
        return false;
    print_texts(json, "includepkgs", rpm->includepkgs);
    print_text(json, "metalink", rpm->metalink);
    print_text(json, "mirrorlist", rpm->mirrorlist);
    if (rpm->module_hotfixes)
        print_bool(json, "module_hotfixes", true);
    print_text(json, "name", repo->id);
    print_number(json, "priority", rpm->priority, MANIFEST_RPM_REPO_PRIORITY);
    if (rpm->repo_gpgcheck)
        print_bool(json, "repo_gpgcheck", true);
    if (repo->trusted)
        print_bool(json, "trusted", true);
    print_text(json, "type", "rpm");
    json_builder_end_object(json);
    return true;
}
