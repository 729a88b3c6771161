/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the short licence names of Debian's copyright files, and Fedora's old ones, mean in
 * SPDX's words (copyright-format 1.0, "License specification"). A name that may mean several
 * licences is not guessed: it stays a reference to the package's own text.
 */
#include "packages/licence.h"

#include "packages/licence-ids.h"

#include <string.h>

#define TERMS_MAX 512

typedef struct {
    const char *debian;
    const char *spdx;
} Name;

/* Only names that SPDX's do not cover already, with case aside. "Artistic" is the text in
 * /usr/share/common-licenses. */
static const Name names[] = {
    {"AFL-2", "AFL-2.0"},
    {"Apache-2", "Apache-2.0"},
    {"APACHE-2-LLVM-EXCEPTIONS", "Apache-2.0 WITH LLVM-exception"},
    {"Artistic", "Artistic-1.0-Perl"},
    {"Artistic-1", "Artistic-1.0"},
    {"Artistic-2", "Artistic-2.0"},
    {"ASL 2.0", "Apache-2.0"},
    {"Boost", "BSL-1.0"},
    {"Boost-1.0", "BSL-1.0"},
    {"BSD-1-clause", "BSD-1-Clause"},
    {"BSD-2", "BSD-2-Clause"},
    {"BSD-3", "BSD-3-Clause"},
    {"BSD-4", "BSD-4-Clause"},
    {"CC0", "CC0-1.0"},
    {"CC-BY-3", "CC-BY-3.0"},
    {"CC-BY-4", "CC-BY-4.0"},
    {"CC-BY-SA-3", "CC-BY-SA-3.0"},
    {"CC-BY-SA-4", "CC-BY-SA-4.0"},
    {"CDDL-1", "CDDL-1.0"},
    {"CPL-1", "CPL-1.0"},
    {"EPL-1", "EPL-1.0"},
    {"EPL-2", "EPL-2.0"},
    {"Expat", "MIT"},
    {"MPL-1", "MPL-1.0"},
    {"MPL-2", "MPL-2.0"},
    {"OFL-1", "OFL-1.0"},
    {"OpenLDAP-2.8", "OLDAP-2.8"},
    {"OpenSSL", "OpenSSL"},
    {"QPL-1", "QPL-1.0"},
    {"WTFPL-2", "WTFPL"},
    {"ZPL-2", "ZPL-2.0"},
};

static const Name exceptions[] = {
    {"Bison", "Bison-exception-2.2"}, {"Classpath", "Classpath-exception-2.0"},
    {"Font", "Font-exception-2.0"},   {"GCC-Runtime-Library", "GCC-exception-3.1"},
    {"Libtool", "Libtool-exception"}, {"Linux-syscall-note", "Linux-syscall-note"},
    {"LLVM", "LLVM-exception"},
};

static const char *look_up(const Name *table, size_t n_names, const char *name)
{
    for (size_t i = 0; i < n_names; i++)
        if (g_ascii_strcasecmp(table[i].debian, name) == 0)
            return table[i].spdx;
    return NULL;
}

/* GPL-2, GPLv2+, LGPL-2.1, GFDL-NIV-1.3+, AGPL_3.0: (nullable) */
static char *gnu_name(const char *name)
{
    static const char *const families[] = {"GPL", "LGPL", "AGPL", "GFDL", NULL};
    const char *family = NULL;
    for (const char *const *one = families; *one != NULL && family == NULL; one++)
        if (g_ascii_strncasecmp(name, *one, strlen(*one)) == 0)
            family = *one;
    if (family == NULL)
        return NULL;
    const char *rest = name + strlen(family);
    const char *variant = "";
    if (g_ascii_strncasecmp(rest, "-NIV", 4) == 0) {
        variant = "-no-invariants";
        rest += 4;
    }
    while (*rest == '-' || *rest == '_' || *rest == 'v' || *rest == 'V')
        rest++;
    size_t n = strspn(rest, "0123456789.");
    bool later = strcmp(rest + n, "+") == 0 || g_ascii_strcasecmp(rest + n, "-or-later") == 0;
    bool only = rest[n] == '\0' || g_ascii_strcasecmp(rest + n, "-only") == 0;
    if (n == 0 || (!later && !only))
        return NULL;
    bool has_dot = memchr(rest, '.', n) != NULL;
    g_autofree char *id =
        g_strdup_printf("%s-%.*s%s%s-%s", family, (int)n, rest, has_dot ? "" : ".0", variant,
                        later ? "or-later" : "only");
    return g_strdup(packages_licence_ids_find(id));
}

static void append_name(GString *out, const char *text)
{
    for (; *text != '\0'; text++)
        g_string_append_c(out,
                          g_ascii_isalnum(*text) || *text == '.' || *text == '-' ? *text : '-');
}

static PackagesLicence *reference(const char *name, const char *prefix)
{
    static const char *const public_domain[] = {"public-domain", "public domain", "PD", "public",
                                                NULL};
    for (const char *const *one = public_domain; *one != NULL; one++)
        if (g_ascii_strcasecmp(name, *one) == 0)
            return packages_licence_new("LicenseRef-public-domain", NULL);
    g_autoptr(GString) id = g_string_new("LicenseRef-");
    append_name(id, prefix);
    g_string_append_c(id, '-');
    append_name(id, name);
    return packages_licence_new(id->str, NULL);
}

/* @name: "GPL-2+" or "GPL-2+ with Autoconf exception" */
static PackagesLicence *from_name(const char *name, const char *prefix)
{
    g_auto(GStrv) words = g_strsplit(name, " ", 4);
    g_autofree char *gnu = gnu_name(words[0]);
    const char *whole = words[1] != NULL ? look_up(names, G_N_ELEMENTS(names), name) : NULL;
    if (whole != NULL)
        return packages_licence_new(whole, NULL);
    const char *id = gnu;
    if (id == NULL)
        id = look_up(names, G_N_ELEMENTS(names), words[0]);
    if (id == NULL)
        id = packages_licence_ids_find(words[0]);
    /* what is written "A WITH B" or deprecated is put into today's form by the parser */
    g_autoptr(PackagesLicence) known = id != NULL ? packages_licence_parse(id, NULL) : NULL;
    if (known == NULL || words[1] == NULL)
        return known != NULL && words[1] == NULL ? g_steal_pointer(&known)
                                                 : reference(name, prefix);
    bool is_with = g_ascii_strcasecmp(words[1], "with") == 0 && words[2] != NULL &&
                   (words[3] == NULL || g_ascii_strcasecmp(words[3], "exception") == 0);
    const char *exception =
        is_with ? look_up(exceptions, G_N_ELEMENTS(exceptions), words[2]) : NULL;
    if (is_with && exception == NULL)
        exception = packages_licence_ids_find_exception(words[2]);
    if (is_with && g_ascii_strcasecmp(words[2], "Autoconf") == 0)
        exception = g_str_has_prefix(known->id, "GPL-3") ? "Autoconf-exception-3.0"
                                                         : "Autoconf-exception-2.0";
    if (exception == NULL || known->kind != PACKAGES_LICENCE_ONE || known->exception != NULL)
        return reference(name, prefix);
    return packages_licence_new(known->id, exception);
}

/* One group: no comma in it; "or" joins before "and" does in Debian's reading without commas
 * ("A or B and C": A or (B and C)), as in SPDX's. */
static PackagesLicence *from_group(const char *group, const char *prefix)
{
    PackagesLicence *any = NULL;
    PackagesLicence *all = NULL;
    g_autoptr(GString) name = g_string_new(NULL);
    g_auto(GStrv) words = g_strsplit_set(group, " \t\n", -1);
    size_t n_terms = 0;
    for (char **word = words;; word++) {
        bool is_and = *word != NULL && g_ascii_strcasecmp(*word, "and") == 0;
        bool is_or = *word != NULL && (g_ascii_strcasecmp(*word, "or") == 0 ||
                                       g_ascii_strcasecmp(*word, "and/or") == 0);
        if (*word != NULL && !is_and && !is_or) {
            if (**word != '\0')
                g_string_append_printf(name, "%s%s", name->len > 0 ? " " : "", *word);
            continue;
        }
        if (name->len > 0 && n_terms++ < TERMS_MAX)
            all = packages_licence_join(PACKAGES_LICENCE_AND, all, from_name(name->str, prefix));
        g_string_truncate(name, 0);
        if (is_and)
            continue;
        any = packages_licence_join(PACKAGES_LICENCE_OR, any, g_steal_pointer(&all));
        if (*word == NULL)
            return any;
    }
}

/* What a group between commas begins with, if it is an operator; moves @group past it. */
static PackagesLicenceKind take_operator(const char **group)
{
    static const struct {
        const char *word;
        PackagesLicenceKind kind;
    } operators[] = {{"and/or ", PACKAGES_LICENCE_OR},
                     {"and ", PACKAGES_LICENCE_AND},
                     {"or ", PACKAGES_LICENCE_OR}};
    *group += strspn(*group, " \t\n");
    for (size_t i = 0; i < G_N_ELEMENTS(operators); i++) {
        size_t n = strlen(operators[i].word);
        if (g_ascii_strncasecmp(*group, operators[i].word, n) == 0) {
            *group += n;
            return operators[i].kind;
        }
    }
    return PACKAGES_LICENCE_AND;
}

PackagesLicence *packages_licence_from_debian(const char *text, const char *prefix)
{
    PackagesLicence *self = NULL;
    if (strlen(text) > PACKAGES_LICENCE_MAX_BYTES)
        return NULL;
    g_auto(GStrv) groups = g_strsplit(text, ",", TERMS_MAX);
    for (char **group = groups; *group != NULL; group++) {
        const char *rest = *group;
        PackagesLicenceKind kind = take_operator(&rest);
        PackagesLicence *term = from_group(rest, prefix);
        self = packages_licence_join(kind, self, term);
    }
    return self;
}
