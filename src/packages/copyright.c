/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Debian's copyright files: copyright-format 1.0 (DEP-5), and what can be recognised in those
 * that people wrote freely.
 */
#include "packages/copyright.h"

#include "packages/deb822.h"

#include <string.h>

#define COMMON_LICENSES "/usr/share/common-licenses/"
#define TERMS_MAX 512

static void part_free(void *data)
{
    PackagesCopyrightPart *part = data;
    g_strfreev(part->files);
    g_free(part->name);
    g_free(part);
}

void packages_copyright_free(PackagesCopyright *self)
{
    if (self == NULL)
        return;
    g_clear_pointer(&self->parts, g_ptr_array_unref);
    packages_licence_free(self->licence);
    g_free(self);
}

/* --- copyright-format 1.0 --- */

static char **split_patterns(const char *text)
{
    g_autoptr(GPtrArray) patterns = g_ptr_array_new();
    g_auto(GStrv) words = g_strsplit_set(text, " \t\r\n", -1);
    for (char **word = words; *word != NULL; word++)
        if (**word != '\0')
            g_ptr_array_add(patterns, g_strdup(*word));
    g_ptr_array_add(patterns, NULL);
    return (char **)g_ptr_array_steal(patterns, NULL);
}

static char *first_line(const char *text)
{
    char *line = g_strndup(text, strcspn(text, "\n"));
    return g_strstrip(line);
}

static bool is_format(const PackagesDeb822Stanza *stanza)
{
    g_autofree char *format = packages_deb822_dup(stanza, "Format");
    if (format == NULL)
        format = packages_deb822_dup(stanza, "Format-Specification");
    return format != NULL &&
           (strstr(format, "copyright-format") != NULL || strstr(format, "dep5") != NULL ||
            strstr(format, "DEP5") != NULL || strstr(format, "CopyrightFormat") != NULL ||
            strstr(format, "copyright/") != NULL);
}

/* A paragraph of files, or of the whole package, says what applies; one that only has License
 * is the text of what another one names. */
static void take_stanza(PackagesCopyright *self, const PackagesDeb822Stanza *stanza, bool is_head,
                        const char *prefix)
{
    g_autofree char *licence = packages_deb822_dup(stanza, "License");
    g_autofree char *files = packages_deb822_dup(stanza, "Files");
    if (licence == NULL)
        return;
    PackagesCopyrightPart *part = g_new0(PackagesCopyrightPart, 1);
    part->name = first_line(licence);
    part->files = files != NULL ? split_patterns(files) : NULL;
    part->line = stanza->line;
    g_ptr_array_add(self->parts, part);
    if ((files == NULL && !is_head) || (self->licence != NULL && self->licence->terms != NULL &&
                                        self->licence->terms->len >= TERMS_MAX))
        return;
    self->licence = packages_licence_join(PACKAGES_LICENCE_AND, self->licence,
                                          packages_licence_from_debian(part->name, prefix));
}

static PackagesCopyright *parse_format(const char *data, size_t size_bytes, const char *prefix)
{
    g_autoptr(PackagesCopyright) self = g_new0(PackagesCopyright, 1);
    self->machine_readable = true;
    self->parts = g_ptr_array_new_with_free_func(part_free);
    g_autofree PackagesDeb822Stanza *stanza = g_new0(PackagesDeb822Stanza, 1);
    PackagesDeb822Iter iter;
    packages_deb822_iter_init(&iter, data, size_bytes);
    for (unsigned n = 0; n < PACKAGES_COPYRIGHT_MAX_PARAGRAPHS; n++) {
        if (!packages_deb822_iter_next(&iter, stanza, NULL))
            return NULL;
        if (stanza->n_fields == 0)
            return self->licence != NULL ? g_steal_pointer(&self) : NULL;
        if (n == 0 && !is_format(stanza))
            return NULL;
        take_stanza(self, stanza, n == 0, prefix);
    }
    return NULL;
}

static bool pattern_fits(const char *pattern, const char *text)
{
    const char *star = NULL, *resume = NULL;
    while (*text != '\0') {
        const char *one = pattern;
        bool literal = *one == '\\' && one[1] != '\0';
        if (literal)
            one++;
        if (!literal && *one == '*') {
            star = ++pattern;
            resume = text;
        } else if (*one != '\0' && (*one == *text || (!literal && *one == '?'))) {
            pattern = one + 1;
            text++;
        } else if (star != NULL) {
            pattern = star;
            text = ++resume;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

const PackagesCopyrightPart *packages_copyright_find(const PackagesCopyright *self,
                                                     const char *path)
{
    const PackagesCopyrightPart *found = NULL;
    for (guint i = 0; i < self->parts->len; i++) {
        const PackagesCopyrightPart *part = self->parts->pdata[i];
        for (char **pattern = part->files; pattern != NULL && *pattern != NULL; pattern++)
            if (pattern_fits(*pattern, path))
                found = part;
    }
    return found;
}

/* --- prose --- */

/* White space, comment signs and quoting as one blank, so that words are found across lines. */
static char *flatten(const char *data, size_t size_bytes)
{
    g_autoptr(GString) out = g_string_sized_new(size_bytes);
    bool blank = false;
    for (size_t i = 0; i < size_bytes; i++) {
        char c = data[i];
        if (c == '\0' || g_ascii_isspace(c) || strchr("*#\"`'>|", c) != NULL) {
            blank = out->len > 0;
            continue;
        }
        if (blank)
            g_string_append_c(out, ' ');
        blank = false;
        g_string_append_c(out, g_ascii_tolower(c));
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

typedef struct {
    const char *licence;
    const char *first;
    const char *second;  /* nullable: also there */
    const char *without; /* nullable: not there */
} Words;

/* as flatten() leaves them */
static const Words known_words[] = {
    {"MIT", "permission is hereby granted, free of charge, to any person obtaining a copy",
     "the above copyright notice and this permission notice", NULL},
    {"BSD-4-Clause", "redistribution and use in source and binary forms",
     "all advertising materials mentioning", NULL},
    {"BSD-3-Clause", "redistribution and use in source and binary forms", "neither the name",
     "all advertising materials mentioning"},
    {"BSD-2-Clause", "redistribution and use in source and binary forms",
     "redistributions in binary form must reproduce", "neither the name"},
    {"ISC",
     "permission to use, copy, modify, and/or distribute this software for any purpose with "
     "or without fee is hereby granted, provided that the above copyright notice",
     NULL, NULL},
    {"ISC",
     "permission to use, copy, modify, and distribute this software for any purpose with "
     "or without fee is hereby granted, provided that the above copyright notice and this "
     "permission notice appear in all copies",
     NULL, NULL},
    {"Zlib", "altered source versions must be plainly marked as such", "as-is", NULL},
    {"Apache-2.0", "apache license, version 2.0", NULL, NULL},
    {"MPL-2.0", "mozilla public license, v. 2.0", NULL, NULL},
    {"BSL-1.0", "boost software license, version 1.0", NULL, NULL},
    {"LicenseRef-public-domain", "in the public domain", NULL, NULL},
};

static void add(PackagesCopyright *self, const char *licence)
{
    self->licence = packages_licence_join(PACKAGES_LICENCE_AND, self->licence,
                                          packages_licence_parse(licence, NULL));
}

static void find_words(PackagesCopyright *self, const char *text)
{
    for (size_t i = 0; i < G_N_ELEMENTS(known_words); i++) {
        const Words *words = &known_words[i];
        if (strstr(text, words->first) != NULL &&
            (words->second == NULL || strstr(text, words->second) != NULL) &&
            (words->without == NULL || strstr(text, words->without) == NULL) &&
            !(strcmp(words->licence, "BSD-2-Clause") == 0 &&
              strstr(text, "all advertising materials mentioning") != NULL))
            add(self, words->licence);
    }
}

/* "version 2 of the license, or (at your option) any later version" */
static bool says_later(const char *text, const char *version)
{
    g_autofree char *wanted = g_strdup_printf("version %s", version);
    size_t n = strlen(wanted);
    for (const char *at = strstr(text, wanted); at != NULL; at = strstr(at + n, wanted)) {
        if (at[n] == '.' && g_ascii_isdigit(at[n + 1]))
            continue;
        g_autofree char *near = g_strndup(at, 120);
        if (strstr(near, "later version") != NULL || strstr(near, "or later") != NULL ||
            strstr(near, "or newer") != NULL)
            return true;
    }
    return false;
}

/* @name: "gpl-2"; a name without a version is a link that moves with each new version */
static void add_common(PackagesCopyright *self, const char *text, const char *name,
                       const char *prefix)
{
    const char *dash = strrchr(name, '-');
    bool is_gnu = strstr(name, "gpl") != NULL || g_str_has_prefix(name, "gfdl");
    if (!is_gnu) {
        self->licence = packages_licence_join(PACKAGES_LICENCE_AND, self->licence,
                                              packages_licence_from_debian(name, prefix));
        return;
    }
    static const char *const versions[] = {"2", "2.1", "3", "1", "1.2", "1.3", NULL};
    for (const char *const *version = versions; dash == NULL && *version != NULL; version++) {
        g_autofree char *id = g_strdup_printf("%s-%s+", name, *version);
        g_autoptr(PackagesLicence) known = packages_licence_from_debian(id, "");
        if (!says_later(text, *version) || g_str_has_prefix(known->id, "LicenseRef-"))
            continue;
        self->licence =
            packages_licence_join(PACKAGES_LICENCE_AND, self->licence, g_steal_pointer(&known));
        return;
    }
    bool later = dash != NULL && says_later(text, dash + 1);
    g_autofree char *full = g_strconcat(name, later ? "+" : "", NULL);
    self->licence = packages_licence_join(PACKAGES_LICENCE_AND, self->licence,
                                          packages_licence_from_debian(full, prefix));
}

static void find_common(PackagesCopyright *self, const char *text, const char *prefix)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (const char *at = strstr(text, COMMON_LICENSES);
         at != NULL && g_hash_table_size(seen) < TERMS_MAX; at = strstr(at, COMMON_LICENSES)) {
        at += strlen(COMMON_LICENSES);
        size_t n = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789.-");
        while (n > 0 && (at[n - 1] == '.' || at[n - 1] == '-'))
            n--;
        char *name = g_strndup(at, n);
        if (n == 0 || g_hash_table_contains(seen, name)) {
            g_free(name);
            continue;
        }
        add_common(self, text, name, prefix);
        (void)g_hash_table_add(seen, name);
    }
}

static PackagesCopyright *parse_prose(const char *data, size_t size_bytes, const char *prefix)
{
    g_autoptr(PackagesCopyright) self = g_new0(PackagesCopyright, 1);
    self->parts = g_ptr_array_new_with_free_func(part_free);
    g_autofree char *text = flatten(data, size_bytes);
    find_common(self, text, prefix);
    find_words(self, text);
    return g_steal_pointer(&self);
}

PackagesCopyright *packages_copyright_parse(const char *data, size_t size_bytes, const char *prefix)
{
    size_bytes = MIN(size_bytes, PACKAGES_COPYRIGHT_MAX_BYTES);
    PackagesCopyright *self = parse_format(data, size_bytes, prefix);
    return self != NULL ? self : parse_prose(data, size_bytes, prefix);
}
