/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Packages as the transaction in the sandbox takes them (rpm.org, "RPM V4 package format").
 */
#include "tree/rpm/input.h"

#include "base/error.h"
#include "base/fd.h"
#include "tree/rpm/files.h"

#include <fcntl.h>
#include <rpm/rpmtag.h>
#include <string.h>

#define LEAD_BYTES 96
#define SIGNATURE_TYPE_OFFSET 79
#define SIGNATURE_TYPE_HEADER 5
#define MAGIC_BYTES 8

static const uint8_t lead_magic[] = {0xed, 0xab, 0xee, 0xdb, 3, 0};
static const uint8_t header_magic[MAGIC_BYTES] = {0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0};

/* Which of a header's tags hold the scripts that an installation runs. */
static const struct {
    const char *name;
    rpmTagVal body;
    rpmTagVal interpreter;
} scripts[] = {
    {"pretrans", RPMTAG_PRETRANS, RPMTAG_PRETRANSPROG},
    {"pre", RPMTAG_PREIN, RPMTAG_PREINPROG},
    {"post", RPMTAG_POSTIN, RPMTAG_POSTINPROG},
    {"posttrans", RPMTAG_POSTTRANS, RPMTAG_POSTTRANSPROG},
};

/* Triggers of one kind are one list of bodies: a rule is for all of a package's. */
static const struct {
    const char *name;
    rpmTagVal bodies;
    rpmTagVal interpreters;
} triggers[] = {
    {"trigger", RPMTAG_TRIGGERSCRIPTS, RPMTAG_TRIGGERSCRIPTPROG},
    {"filetrigger", RPMTAG_FILETRIGGERSCRIPTS, RPMTAG_FILETRIGGERSCRIPTPROG},
    {"transfiletrigger", RPMTAG_TRANSFILETRIGGERSCRIPTS, RPMTAG_TRANSFILETRIGGERSCRIPTPROG},
};

static void append_header(GByteArray *out, Header header)
{
    unsigned size_bytes = 0;
    void *blob = headerExport(header, &size_bytes);
    g_byte_array_append(out, header_magic, sizeof header_magic);
    g_byte_array_append(out, blob, size_bytes);
    free(blob);
}

/* librpm wants a signature header with an entry, though nothing is verified by it: one size. */
static void append_signature(GByteArray *out)
{
    const uint32_t words[] = {1, sizeof(uint32_t), RPMSIGTAG_SIZE, RPM_INT32_TYPE, 0, 1, 0};
    g_byte_array_append(out, header_magic, sizeof header_magic);
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        uint32_t word = GUINT32_TO_BE(words[i]);
        g_byte_array_append(out, (const uint8_t *)&word, sizeof word);
    }
    static const uint8_t padding[8 - (MAGIC_BYTES + sizeof words) % 8] = {0};
    g_byte_array_append(out, padding, sizeof padding);
}

/* librpm puts these into a header that it reads from a file, and refuses one that has them. */
static void remove_signature(Header header)
{
    static const rpmTagVal tags[] = {
        RPMTAG_SIGSIZE,          RPMTAG_SIGPGP,
        RPMTAG_SIGMD5,           RPMTAG_SIGGPG,
        RPMTAG_SIGPGP5,          RPMTAG_SHA1HEADER,
        RPMTAG_SHA256HEADER,     RPMTAG_DSAHEADER,
        RPMTAG_RSAHEADER,        RPMTAG_LONGSIGSIZE,
        RPMTAG_ARCHIVESIZE,      RPMTAG_LONGARCHIVESIZE,
        RPMTAG_FILESIGNATURES,   RPMTAG_FILESIGNATURELENGTH,
        RPMTAG_VERITYSIGNATURES, RPMTAG_VERITYSIGNATUREALGO,
    };
    for (size_t i = 0; i < G_N_ELEMENTS(tags); i++)
        (void)headerDel(header, tags[i]);
}

static GByteArray *make_package(Header header)
{
    remove_signature(header);
    GByteArray *out = g_byte_array_new();
    uint8_t lead[LEAD_BYTES] = {0};
    memcpy(lead, lead_magic, sizeof lead_magic);
    lead[SIGNATURE_TYPE_OFFSET] = SIGNATURE_TYPE_HEADER;
    g_byte_array_append(out, lead, sizeof lead);
    append_signature(out);
    append_header(out, header);
    return out;
}

static void apply_to_script(Header header, const TreeRule *rule, size_t index)
{
    const char *interpreter = rule->interpreter != NULL ? rule->interpreter : "/bin/sh";
    (void)headerDel(header, scripts[index].body);
    (void)headerDel(header, scripts[index].interpreter);
    if (rule->action != TREE_RULE_REPLACE)
        return;
    (void)headerPutString(header, scripts[index].body, rule->with);
    (void)headerPutString(header, scripts[index].interpreter, interpreter);
}

/* Triggers stay in place, since others are numbered by them: they become scripts of our own. */
static void apply_to_triggers(Header header, const TreeRule *rule, size_t index)
{
    bool is_replaced = rule->action == TREE_RULE_REPLACE;
    const char *body = is_replaced ? rule->with : "-- left out by a rule";
    const char *interpreter = !is_replaced                ? "<lua>"
                              : rule->interpreter != NULL ? rule->interpreter
                                                          : "/bin/sh";
    struct rpmtd_s old = {0};
    if (headerGet(header, triggers[index].bodies, &old, HEADERGET_MINMEM) != 1)
        return;
    rpm_count_t count = rpmtdCount(&old);
    rpmtdFreeData(&old);
    g_autofree const char **bodies = g_new0(const char *, count + 1);
    g_autofree const char **interpreters = g_new0(const char *, count + 1);
    for (rpm_count_t i = 0; i < count; i++) {
        bodies[i] = body;
        interpreters[i] = interpreter;
    }
    (void)headerDel(header, triggers[index].bodies);
    (void)headerDel(header, triggers[index].interpreters);
    (void)headerPutStringArray(header, triggers[index].bodies, bodies, count);
    (void)headerPutStringArray(header, triggers[index].interpreters, interpreters, count);
}

static void apply_rules(Header header, const char *package, const TreeRules *rules)
{
    for (size_t i = 0; i < G_N_ELEMENTS(scripts); i++) {
        const TreeRule *rule = tree_rules_find(rules, "rpm", package, scripts[i].name);
        if (rule != NULL && rule->action != TREE_RULE_MAY_FAIL)
            apply_to_script(header, rule, i);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(triggers); i++) {
        const TreeRule *rule = tree_rules_find(rules, "rpm", package, triggers[i].name);
        if (rule != NULL && rule->action != TREE_RULE_MAY_FAIL)
            apply_to_triggers(header, rule, i);
    }
}

static bool write_file(int dir_fd, guint index, const char *suffix, const void *data,
                       size_t size_bytes, GError **error)
{
    g_autofree char *name = g_strdup_printf("%u.%s", index, suffix);
    return base_fd_replace_file(dir_fd, name, data, size_bytes, 0644, BASE_FD_REPLACE_NO_SYNC,
                                error);
}

static void add_lenient(GString *lines, const char *package, const char *script,
                        const TreeRules *rules)
{
    const TreeRule *rule = tree_rules_find(rules, "rpm", package, script);
    if (rule != NULL && rule->action == TREE_RULE_MAY_FAIL)
        g_string_append_printf(lines, "%s %s\n", package, script);
}

static bool write_lenient(int dir_fd, const GPtrArray *imported, const TreeRules *rules,
                          GError **error)
{
    g_autoptr(GString) lines = g_string_new(NULL);
    for (guint p = 0; p < imported->len; p++) {
        const char *package = ((const PackagesImported *)imported->pdata[p])->package->name;
        for (size_t i = 0; i < G_N_ELEMENTS(scripts); i++)
            add_lenient(lines, package, scripts[i].name, rules);
        for (size_t i = 0; i < G_N_ELEMENTS(triggers); i++)
            add_lenient(lines, package, triggers[i].name, rules);
    }
    return base_fd_replace_file(dir_fd, "lenient", lines->str, lines->len, 0644,
                                BASE_FD_REPLACE_NO_SYNC, error);
}

static bool write_package(int dir_fd, guint index, const PackagesImported *one,
                          const Manifest *manifest, const TreeRules *rules, GHashTable *colours,
                          GError **error)
{
    g_autoptr(TreeRpmHeader) header = tree_rpm_header_load(one->header, error);
    if (header == NULL)
        return false;
    g_autoptr(TreeRpmFiles) files = rpmfilesNew(NULL, header, RPMTAG_BASENAMES, 0);
    g_autoptr(GBytes) states =
        files != NULL ? tree_rpm_files_states(files, manifest, colours, one->package->sha256)
                      : g_bytes_new_static("", 0);
    /* a copy has no immutable region, so that its scripts can be others */
    g_autoptr(TreeRpmHeader) copy = headerCopy(header);
    apply_rules(copy, one->package->name, rules);
    g_autoptr(GByteArray) package = make_package(copy);
    return write_file(dir_fd, index, "rpm", package->data, package->len, error) &&
           write_file(dir_fd, index, "header", g_bytes_get_data(one->header, NULL),
                      g_bytes_get_size(one->header), error) &&
           write_file(dir_fd, index, "states", g_bytes_get_data(states, NULL),
                      g_bytes_get_size(states), error);
}

bool tree_rpm_input_write(const char *directory, const GPtrArray *imported,
                          const Manifest *manifest, const TreeRules *rules, GHashTable *colours,
                          GError **error)
{
    base_autofd dir_fd = base_fd_open_dir(AT_FDCWD, directory, error);
    if (dir_fd < 0)
        return false;
    for (guint i = 0; i < imported->len; i++) {
        const PackagesImported *one = imported->pdata[i];
        if (!write_package(dir_fd, i, one, manifest, rules, colours, error)) {
            g_prefix_error(error, "package ‘%s’: ", one->package->name);
            return false;
        }
    }
    return write_lenient(dir_fd, imported, rules, error);
}

uint64_t tree_rpm_input_epoch(const GPtrArray *imported)
{
    uint64_t epoch_s = 0;
    for (guint i = 0; i < imported->len; i++) {
        const PackagesImported *one = imported->pdata[i];
        g_autoptr(TreeRpmHeader) header = tree_rpm_header_load(one->header, NULL);
        if (header != NULL)
            epoch_s = MAX(epoch_s, headerGetNumber(header, RPMTAG_BUILDTIME));
    }
    return epoch_s;
}
