/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * librpm's transaction without unpacking (rpm 4.18, lib/transaction.c and lib/psm.c): the flag
 * that says "only the database" is set when a package's files would be unpacked and taken back
 * after it, so that everything around that happens as ever.
 */
#include "tree/rpm/transaction.h"

#include "base/fd.h"
#include "base/run.h"
#include "tree/rpm/database.h"
#include "tree/rpm/types.h"
#include "tree/rpm/owners.h"
#include "tree/rpm/root.h"
#include "tree/rpm/watch.h"

#include <fcntl.h>
#include <rpm/rpmlib.h>
#include <rpm/rpmlog.h>
#include <rpm/rpmmacro.h>
#include <rpm/rpmps.h>
#include <rpm/rpmts.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define INPUT_MAX_BYTES (256 * 1024 * 1024)
#define PACKAGES_MAX 100000
/* both sizes of ELF file are welcome, and the wider one wins, as Fedora has it on x86_64 */
#define COLOUR 3

typedef struct {
    GBytes *package; /* owned: for librpm to read */
    GBytes *states;  /* owned */
} Element;

typedef struct {
    const char *root;
    GPtrArray *elements; /* owned: Element */
    GHashTable *records; /* owned: NEVRA to TreeRpmRecord */
    GHashTable *folders; /* owned: set of paths */
    TreeRpmWatch *watch; /* owned */
    rpmts ts;
    unsigned n_done;
    char *reason;   /* owned, nullable: what librpm said last */
    char **lenient; /* owned: "PACKAGE SCRIPT" of those whose failure is none */
} Transaction;

static void element_free(void *data)
{
    Element *element = data;
    g_clear_pointer(&element->package, g_bytes_unref);
    g_clear_pointer(&element->states, g_bytes_unref);
    g_free(element);
}

static void record_free(void *data)
{
    TreeRpmRecord *record = data;
    g_bytes_unref(record->header);
    g_bytes_unref(record->states);
    g_free(record);
}

/* Nothing after this is worth an orderly end: the tree is thrown away. */
static G_GNUC_NORETURN G_GNUC_PRINTF(1, 2) void fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_strdelimit(text, "\n", ' ');
    tree_rpm_watch_say("error %s", text);
    _exit(1);
}

static GBytes *read_file(int dir_fd, const char *name)
{
    g_autoptr(GError) error = NULL;
    GBytes *bytes = base_fd_read_file(dir_fd, name, INPUT_MAX_BYTES, &error);
    if (bytes == NULL)
        fail("%s", error->message);
    return bytes;
}

static GBytes *read_input(int dir_fd, unsigned index, const char *suffix)
{
    g_autofree char *name = g_strdup_printf("%u.%s", index, suffix);
    return read_file(dir_fd, name);
}

static void add_record(Transaction *self, GBytes *header, GBytes *states)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TreeRpmHeader) loaded = tree_rpm_header_load(header, &error);
    if (loaded == NULL)
        fail("%s", error->message);
    TreeRpmRecord *record = g_new0(TreeRpmRecord, 1);
    *record = (TreeRpmRecord){.header = g_bytes_ref(header), .states = g_bytes_ref(states)};
    char *name = headerGetAsString(loaded, RPMTAG_NEVRA);
    g_hash_table_replace(self->records, g_strdup(name), record);
    free(name);
}

/* All of it now: later there is no way out of the tree. */
static void read_inputs(Transaction *self, const char *directory, unsigned n_packages)
{
    g_autoptr(GError) error = NULL;
    base_autofd dir_fd = base_fd_open_dir(AT_FDCWD, directory, &error);
    if (dir_fd < 0)
        fail("%s", error->message);
    g_autoptr(GBytes) lenient = read_file(dir_fd, "lenient");
    self->lenient = g_strsplit(g_bytes_get_data(lenient, NULL), "\n", -1);
    for (unsigned i = 0; i < n_packages; i++) {
        Element *element = g_new0(Element, 1);
        element->package = read_input(dir_fd, i, "rpm");
        element->states = read_input(dir_fd, i, "states");
        g_ptr_array_add(self->elements, element);
        g_autoptr(GBytes) header = read_input(dir_fd, i, "header");
        add_record(self, header, element->states);
    }
}

/* A package as a file that librpm reads; closed by it. */
static FD_t open_package(const Element *element)
{
    g_assert(element != NULL);
    g_autoptr(GError) error = NULL;
    size_t size_bytes = 0;
    const void *data = g_bytes_get_data(element->package, &size_bytes);
    base_autofd fd = memfd_create("package", MFD_CLOEXEC);
    if (fd < 0 || !base_fd_write_all(fd, data, size_bytes, &error) || lseek(fd, 0, SEEK_SET) != 0)
        fail("making a package in memory: %s", error != NULL ? error->message : g_strerror(errno));
    return fdDup(fd);
}

/* What a script is called in spec files, and in rules. */
static const struct {
    rpmTagVal tag;
    const char *name;
    const char *rule;
} kinds[] = {
    {RPMTAG_PRETRANS, "%pretrans", "pretrans"},
    {RPMTAG_PREIN, "%pre", "pre"},
    {RPMTAG_POSTIN, "%post", "post"},
    {RPMTAG_POSTTRANS, "%posttrans", "posttrans"},
    {RPMTAG_TRIGGERPREIN, "%triggerprein", "trigger"},
    {RPMTAG_TRIGGERIN, "%triggerin", "trigger"},
    {RPMTAG_FILETRIGGERIN, "%filetriggerin", "filetrigger"},
    {RPMTAG_TRANSFILETRIGGERIN, "%transfiletriggerin", "transfiletrigger"},
};

static const char *package_of(Header header)
{
    const char *package = header != NULL ? headerGetString(header, RPMTAG_NAME) : NULL;
    return package != NULL ? package : "?";
}

static char *script_of(Header header, rpmTagVal tag)
{
    const char *name = "a";
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (kinds[i].tag == tag)
            name = kinds[i].name;
    return g_strdup_printf("the %s script of package ‘%s’", name, package_of(header));
}

static bool may_fail(const Transaction *self, Header header, rpmTagVal tag)
{
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *line = g_strdup_printf("%s %s", package_of(header), kinds[i].rule);
        if (kinds[i].tag == tag && g_strv_contains((const char *const *)self->lenient, line))
            return true;
    }
    return false;
}

/* "%post(NEVRA) scriptlet failed, exit status 7" to what a user wants to know. */
static char *reason_of(const Transaction *self)
{
    static const char *const starts[] = {"scriptlet failed, ", "lua script failed: "};
    if (self->reason == NULL)
        return g_strdup("no reason given");
    for (size_t i = 0; i < G_N_ELEMENTS(starts); i++) {
        const char *found = strstr(self->reason, starts[i]);
        if (found != NULL)
            return g_strdup(found + strlen(starts[i]));
    }
    return g_strdup(self->reason);
}

static void begin_script(Transaction *self, Header header, rpmTagVal tag)
{
    g_clear_pointer(&self->reason, g_free);
    g_autofree char *script = script_of(header, tag);
    tree_rpm_watch_say("script");
    tree_rpm_watch_begin(self->watch, script);
}

static void end_script(Transaction *self, Header header, rpmTagVal tag, rpmRC result)
{
    tree_rpm_watch_end(self->watch);
    if (result == RPMRC_OK || may_fail(self, header, tag))
        return;
    g_autofree char *script = script_of(header, tag);
    g_autofree char *reason = reason_of(self);
    fail("%s failed: %s", script, reason);
}

static void apply_owners(Transaction *self, Header header, const Element *element,
                         char **out_missing)
{
    g_assert(element != NULL);
    g_autoptr(GError) error = NULL;
    if (!tree_rpm_owners_apply(header, element->states, self->folders, out_missing, &error))
        fail("package ‘%s’: %s", headerGetString(header, RPMTAG_NAME), error->message);
}

/* From rpm 4.19 on, rpm itself makes the users that sysusers.d files in packages ask for, and
 * packages have no %pre for it any more. The files are in place: systemd's program can do it. */
static void make_users(void)
{
    g_autoptr(GError) error = NULL;
    if (!base_run_simple("making users", &error, "/usr/bin/systemd-sysusers", NULL))
        g_debug("%s", error->message);
}

static void put_in_place(Transaction *self, Header header, const Element *element)
{
    g_autofree char *missing = NULL;
    apply_owners(self, header, element, &missing);
    if (missing != NULL) {
        g_clear_pointer(&missing, g_free);
        make_users();
        apply_owners(self, header, element, &missing);
    }
    if (missing != NULL)
        fail("package ‘%s’ has files of the %s, which no package's %%pre script or sysusers.d "
             "file makes: add the package that does",
             headerGetString(header, RPMTAG_NAME), missing);
    (void)rpmtsSetFlags(self->ts, rpmtsFlags(self->ts) | RPMTRANS_FLAG_JUSTDB);
}

static void *notify(const void *arg, const rpmCallbackType what, const rpm_loff_t amount,
                    const rpm_loff_t total, fnpyKey key, rpmCallbackData data)
{
    Transaction *self = data;
    Header header = (Header)arg;
    const Element *element = key != NULL ? self->elements->pdata[GPOINTER_TO_UINT(key) - 1] : NULL;
    if (what == RPMCALLBACK_INST_OPEN_FILE)
        return open_package(element);
    if (what == RPMCALLBACK_ELEM_PROGRESS)
        tree_rpm_watch_say("begin %u", ++self->n_done);
    else if (what == RPMCALLBACK_INST_START)
        put_in_place(self, header, element);
    else if (what == RPMCALLBACK_INST_STOP)
        (void)rpmtsSetFlags(self->ts, rpmtsFlags(self->ts) & ~(rpmFlags)RPMTRANS_FLAG_JUSTDB);
    else if (what == RPMCALLBACK_SCRIPT_START)
        begin_script(self, header, (rpmTagVal)amount);
    else if (what == RPMCALLBACK_SCRIPT_STOP)
        end_script(self, header, (rpmTagVal)amount, (rpmRC)total);
    return NULL;
}

static int take_log(rpmlogRec record, rpmlogCallbackData data)
{
    Transaction *self = data;
    if (rpmlogRecPriority(record) <= RPMLOG_WARNING) {
        g_free(self->reason);
        self->reason = g_strstrip(g_strdup(rpmlogRecMessage(record)));
    }
    return 0;
}

static void define(const char *name, const char *value)
{
    g_autofree char *text = g_strdup_printf("%s %s", name, value);
    (void)rpmDefineMacro(NULL, text, 0);
}

/* The machine's own configuration would make the tree another one. */
static void configure(const char *languages)
{
    macrofiles = "/usr/lib/rpm/macros";
    if (rpmReadConfigFiles("/usr/lib/rpm/rpmrc", NULL) != 0)
        fail("librpm cannot read its configuration below /usr/lib/rpm");
    define("_dbpath", "/" TREE_RPM_DATABASE_DIR);
    define("_db_backend", "sqlite");
    define("_tmppath", "/var/tmp");
    define("_install_script_path", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    define("_install_langs", languages);
    define("_transaction_color", G_STRINGIFY(COLOUR));
    define("_prefer_color", "2");
    define("__plugindir", "/nonexistent");
}

static void add_elements(Transaction *self)
{
    for (guint i = 0; i < self->elements->len; i++) {
        TreeRpmHeader *read = NULL;
        FD_t fd = open_package(self->elements->pdata[i]);
        rpmRC result = rpmReadPackageFile(self->ts, fd, NULL, &read);
        g_autoptr(TreeRpmHeader) header = read;
        (void)Fclose(fd);
        if (result == RPMRC_FAIL || result == RPMRC_NOTFOUND || header == NULL)
            fail("librpm cannot read package number %u: %s", i,
                 self->reason != NULL ? self->reason : "no reason given");
        if (rpmtsAddInstallElement(self->ts, header, GUINT_TO_POINTER(i + 1), 0, NULL) != 0)
            fail("librpm refuses package ‘%s’", headerGetString(header, RPMTAG_NAME));
    }
}

static char *join_problems(rpmts ts)
{
    g_autoptr(GString) text = g_string_new(NULL);
    rpmps problems = rpmtsProblems(ts);
    rpmpsi iter = rpmpsInitIterator(problems);
    for (rpmProblem problem = NULL; (problem = rpmpsiNext(iter)) != NULL;) {
        char *one = rpmProblemString(problem);
        g_string_append_printf(text, "%s%s", text->len > 0 ? "; " : "", one);
        free(one);
    }
    (void)rpmpsFreeIterator(iter);
    (void)rpmpsFree(problems);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void run(Transaction *self, bool documentation)
{
    self->ts = rpmtsCreate();
    (void)rpmtsSetRootDir(self->ts, "/");
    (void)rpmtsSetVSFlags(self->ts,
                          RPMVSF_NOHDRCHK | RPMVSF_MASK_NODIGESTS | RPMVSF_MASK_NOSIGNATURES);
    (void)rpmtsSetVfyLevel(self->ts, 0);
    (void)rpmtsSetColor(self->ts, COLOUR);
    (void)rpmtsSetFlags(self->ts,
                        RPMTRANS_FLAG_NOPLUGINS | (documentation ? 0 : RPMTRANS_FLAG_NODOCS));
    (void)rpmtsSetNotifyCallback(self->ts, notify, self);
    add_elements(self);
    if (rpmtsOrder(self->ts) != 0)
        fail("librpm finds no order for the packages");
    int result = rpmtsRun(self->ts, NULL,
                          RPMPROB_FILTER_IGNOREOS | RPMPROB_FILTER_IGNOREARCH |
                              RPMPROB_FILTER_DISKSPACE | RPMPROB_FILTER_DISKNODES);
    g_autofree char *problems = result > 0 ? join_problems(self->ts) : NULL;
    if (result != 0)
        fail("librpm refuses the packages: %s", problems != NULL && *problems != '\0' ? problems
                                                : self->reason != NULL                ? self->reason
                                                                       : "no reason given");
    (void)rpmtsCloseDB(self->ts);
    (void)rpmtsFree(self->ts);
}

static void finish_database(const Transaction *self)
{
    g_autoptr(GError) error = NULL;
    (void)unlink("/" TREE_RPM_DATABASE_DIR "/.rpm.lock");
    if (!tree_rpm_database_normalise("/" TREE_RPM_DATABASE_DIR "/rpmdb.sqlite", self->records,
                                     &error))
        fail("%s", error->message);
}

static uint64_t number_of(const char *text, uint64_t max)
{
    uint64_t number = 0;
    if (!g_ascii_string_to_unsigned(text, 10, 0, max, &number, NULL))
        fail("‘%s’ is no number", text);
    return number;
}

int tree_rpm_transaction_main(int argc, char **argv)
{
    /* only compose starts it, in a sandbox of its own */
    if (argc != 8 || getpid() != 1)
        return 2;
    Transaction self = {
        .root = argv[1],
        .elements = g_ptr_array_new_with_free_func(element_free),
        .records = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, record_free),
        .folders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
    };
    g_autoptr(GError) error = NULL;
    (void)g_setenv("SOURCE_DATE_EPOCH", argv[4], TRUE);
    (void)rpmlogSetCallback(take_log, &self);
    configure(argv[7]);
    read_inputs(&self, argv[2], (unsigned)number_of(argv[3], PACKAGES_MAX));
    if (!tree_rpm_root_enter(self.root, &error))
        fail("%s", error->message);
    self.watch = tree_rpm_watch_new((unsigned)number_of(argv[5], G_MAXINT));
    run(&self, strcmp(argv[6], "docs") == 0);
    finish_database(&self);
    /* not an orderly exit: what ran in this process must not run on in its handlers */
    _exit(0);
}
