/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The syntax of the single values of a manifest. Each check answers with what is wrong and
 * how to mend it; the caller adds the place.
 */
#include "manifest/check.h"

#include "manifest/keys.h"

#include <stdbool.h>
#include <string.h>

#define WORD "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* More than a file name can have is no name. */
#define NAME_MAX_CHARS 255
#define ACCOUNT_MAX_CHARS 32
#define PATTERN_MAX_CHARS 4096

static bool is_made_of(const char *text, const char *allowed)
{
    size_t length = strlen(text);
    return length > 0 && length <= NAME_MAX_CHARS && strspn(text, allowed) == length;
}

static bool has_dots(const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", 0);
    return g_strv_contains((const char *const *)parts, "..") ||
           g_strv_contains((const char *const *)parts, ".");
}

static bool has_control(const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (g_ascii_iscntrl(*p))
            return true;
    }
    return false;
}

char *manifest_check_ref(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, "/", 0);
    bool fine = parts[0] != NULL && strlen(text) <= NAME_MAX_CHARS && !has_dots(text);
    for (size_t i = 0; fine && parts[i] != NULL; i++)
        fine = is_made_of(parts[i], WORD "-._") && parts[i][0] != '-';
    if (fine)
        return NULL;
    return g_strdup_printf("‘%s’ is no ref: it wants words of letters, digits, ‘-’, ‘_’ and ‘.’ "
                           "with ‘/’ between, as in ‘debian/12/x86_64/minimal’",
                           text);
}

/* NAME OP VERSION, as in "podman >= 4.1" */
static bool is_version_query(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, " ", 0);
    static const char *const operators[] = {"=", "==", "<", "<=", ">", ">=", NULL};
    return g_strv_length(parts) == 3 && is_made_of(parts[0], WORD "+-._") &&
           g_strv_contains(operators, parts[1]) && is_made_of(parts[2], WORD "+-.:~^_");
}

char *manifest_check_package(const char *text)
{
    /* "@core" and "@^minimal" are groups and environments of packages */
    const char *name = text + strspn(text, "@^");
    if (is_made_of(text, WORD "+-.:~=_/@^*?()") && g_ascii_isalnum(name[0]) && name - text <= 2)
        return NULL;
    /* a file that some rpm has */
    if (text[0] == '/' && text[1] != '\0' && !has_control(text) && !has_dots(text))
        return NULL;
    if (is_version_query(text))
        return NULL;
    return g_strdup_printf("‘%s’ is no package name", text);
}

char *manifest_check_unit(const char *text)
{
    static const char *const suffixes[] = {".service", ".socket", ".timer",     ".path", ".target",
                                           ".mount",   ".slice",  ".automount", ".swap", ".device"};
    if (!is_made_of(text, WORD ":-_.\\@") || text[0] == '-')
        return g_strdup_printf("‘%s’ is no unit name", text);
    for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        if (g_str_has_suffix(text, suffixes[i]) && strlen(text) > strlen(suffixes[i]))
            return NULL;
    }
    return g_strdup_printf("‘%s’ is no whole unit name; for a service say ‘%s.service’", text,
                           text);
}

char *manifest_check_target(const char *text)
{
    g_autofree char *wrong = manifest_check_unit(text);
    if (wrong == NULL && g_str_has_suffix(text, ".target"))
        return NULL;
    return g_strdup_printf("‘%s’ is no target; it is named like ‘multi-user.target’", text);
}

char *manifest_check_locale(const char *text)
{
    if (is_made_of(text, WORD "_.@-"))
        return NULL;
    return g_strdup_printf("‘%s’ is no locale; one is named like ‘en_GB’ or ‘de’", text);
}

char *manifest_check_remove(const char *text)
{
    if (text[0] == '/')
        return g_strdup_printf("‘%s’ is absolute; say it relative to the tree's root: ‘%s’", text,
                               text + strspn(text, "/"));
    if (text[0] == '\0' || has_control(text) || has_dots(text))
        return g_strdup_printf("‘%s’ is no path inside the tree: it wants one without ‘.’ and ‘..’",
                               text);
    return NULL;
}

char *manifest_check_target_path(const char *text)
{
    const char *path = text + strspn(text, "/");
    if (has_control(text) || has_dots(text))
        return g_strdup_printf("‘%s’ is no path inside the tree: it wants one without ‘.’ and ‘..’",
                               text);
    if ((g_str_has_prefix(path, "usr/") || g_str_has_prefix(path, "etc/")) && strlen(path) > 4)
        return NULL;
    return g_strdup_printf("‘%s’ is outside of /usr and /etc, which is all that a tree carries",
                           text);
}

char *manifest_check_source_path(const char *text)
{
    if (text[0] == '/')
        return g_strdup_printf("source ‘%s’ is absolute; say it relative to the manifest", text);
    if (text[0] == '\0' || has_control(text) || strcmp(text, "..") == 0 ||
        g_str_has_prefix(text, "../") || strstr(text, "/../") != NULL ||
        g_str_has_suffix(text, "/.."))
        return g_strdup_printf("source ‘%s’ is no path below the manifest's folder", text);
    return NULL;
}

char *manifest_check_version_prefix(const char *text)
{
    if (text[0] != '\0' && strlen(text) <= NAME_MAX_CHARS && !has_control(text) &&
        strchr(text, ' ') == NULL && strchr(text, '/') == NULL)
        return NULL;
    return g_strdup_printf("‘%s’ is no version: it wants one word without ‘/’", text);
}

char *manifest_check_version_suffix(const char *text)
{
    if (strlen(text) == 1 && g_ascii_isgraph(text[0]) && text[0] != '/')
        return NULL;
    return g_strdup_printf("‘%s’ is no suffix: it wants one character, as in ‘.’ or ‘-’", text);
}

char *manifest_check_basearch(const char *text)
{
    if (manifest_key_is_arch(text))
        return NULL;
    return g_strdup_printf("‘%s’ is no architecture that atoll knows; one is named like ‘x86_64’",
                           text);
}

char *manifest_check_account(const char *text)
{
    if (is_made_of(text, WORD "_-.$") && text[0] != '-' && strlen(text) <= ACCOUNT_MAX_CHARS)
        return NULL;
    return g_strdup_printf("‘%s’ is no name of a user or group", text);
}

char *manifest_check_argument(const char *text)
{
    if (text[0] != '\0' && !has_control(text))
        return NULL;
    return g_strdup("the argument is empty or has control characters");
}

char *manifest_check_not_empty(const char *text)
{
    return text[0] == '\0' ? g_strdup("it is empty") : NULL;
}

char *manifest_check_pattern(const char *text)
{
    g_autoptr(GError) wrong = NULL;
    g_autoptr(GRegex) regex = g_regex_new(text, 0, 0, &wrong);
    if (regex != NULL && strlen(text) <= PATTERN_MAX_CHARS)
        return NULL;
    return g_strdup_printf("‘%s’ is no regular expression: %s", text,
                           wrong != NULL ? wrong->message : "it is too long");
}

char *manifest_check_script(const char *text)
{
    return text[strspn(text, " \t\n")] == '\0' ? g_strdup("the script is empty") : NULL;
}

char *manifest_check_url(const char *text)
{
    static const char *const schemes[] = {"http://", "https://", "file:///"};
    for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++) {
        if (g_str_has_prefix(text, schemes[i]) && strlen(text) > strlen(schemes[i]) &&
            !has_control(text) && strchr(text, ' ') == NULL)
            return NULL;
    }
    return g_strdup_printf("‘%s’ is no URL that packages can come from: it starts with http://, "
                           "https:// or file:///",
                           text);
}

char *manifest_check_repo_name(const char *text)
{
    if (is_made_of(text, WORD "-._") && text[0] != '.' && text[0] != '-')
        return NULL;
    return g_strdup_printf("‘%s’ is no name of a repository: it wants letters, digits, ‘-’, ‘_’ "
                           "and ‘.’",
                           text);
}

char *manifest_check_suite(const char *text)
{
    if (is_made_of(text, WORD "-._/+~") && strstr(text, "..") == NULL && text[0] != '-')
        return NULL;
    return g_strdup_printf("‘%s’ is no name of a suite or component", text);
}
