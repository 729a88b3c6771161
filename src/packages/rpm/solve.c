/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Puts a manifest to libsolv as a question about rpm packages and reads its answer. The flags
 * are those that libdnf sets, so that the answer is dnf's.
 */
#include "packages/rpm/solve.h"

#include "packages/formats/rpm.h"
#include "packages/rpm/solve-private.h"

#include <solv/selection.h>
#include <string.h>

#define SELECT                                                                                     \
    (SELECTION_NAME | SELECTION_PROVIDES | SELECTION_FILELIST | SELECTION_CANON |                  \
     SELECTION_DOTARCH | SELECTION_REL | SELECTION_GLOB)

PackagesRpmSolver *packages_rpm_solver_new(const char *arch)
{
    PackagesRpmSolver *self = g_new0(PackagesRpmSolver, 1);
    PackagesSolver *base = g_new0(PackagesSolver, 1);
    base->pool = pool_create();
    g_assert(pool_setdisttype(base->pool, DISTTYPE_RPM) >= 0);
    pool_setarch(base->pool, arch);
    pool_set_flag(base->pool, POOL_FLAG_IMPLICITOBSOLETEUSESCOLORS, 1);
    queue_init(&base->jobs);
    base->places = g_ptr_array_new();
    self->base = base;
    self->arch = g_strdup(arch);
    self->wanted = g_ptr_array_new();
    self->conditional = g_ptr_array_new_with_free_func(g_free);
    self->places = g_ptr_array_new();
    return self;
}

static void wanted_free(ManifestString *string)
{
    g_free(string->text);
    g_free(string->place.file);
    g_free(string);
}

void packages_rpm_solver_free(PackagesRpmSolver *self)
{
    if (self == NULL)
        return;
    self->base->pool->considered = NULL;
    packages_solver_free(self->base);
    g_free(self->arch);
    g_free(self->bars);
    map_free(&self->considered);
    g_ptr_array_set_free_func(self->wanted, (GDestroyNotify)wanted_free);
    g_ptr_array_unref(self->wanted);
    g_ptr_array_unref(self->conditional);
    g_ptr_array_unref(self->places);
    g_free(self);
}

/* libsolv takes the higher number first, dnf the lower. */
static Repo *new_repo(PackagesRpmSolver *self, const PackagesRpmMetadata *metadata)
{
    Repo *repo = repo_create(self->base->pool, metadata->repo->id);
    repo->appdata = (void *)(uintptr_t)metadata;
    repo->priority = -(int)metadata->repo->rpm->priority;
    repo->subpriority = -(int)metadata->repo->rpm->cost;
    return repo;
}

bool packages_rpm_solver_add(PackagesRpmSolver *self, const PackagesRpmMetadata *metadata,
                             GError **error)
{
    return packages_rpm_index_load(metadata, new_repo(self, metadata), error);
}

bool packages_rpm_solver_add_text(PackagesRpmSolver *self, const PackagesRpmMetadata *metadata,
                                  FILE *text, GError **error)
{
    return packages_rpm_index_parse(new_repo(self, metadata), text, error);
}

/* --- files --- */

/* What createrepo_c puts into primary metadata. */
static bool is_primary_file(const char *path)
{
    return g_str_has_prefix(path, "/etc/") || strstr(path, "bin/") != NULL ||
           strcmp(path, "/usr/lib/sendmail") == 0;
}

typedef struct {
    Pool *pool;
    Map seen;
    Queue todo;
    bool needs_files;
} Closure;

static void visit_dependency(Closure *self, Id dependency)
{
    Pool *pool = self->pool;
    if (ISRELDEP(dependency)) {
        const Reldep *both = GETRELDEP(pool, dependency);
        bool is_rich = both->flags >= REL_AND && both->flags != REL_ARCH;
        if (is_rich) {
            visit_dependency(self, both->name);
            visit_dependency(self, both->evr);
            return;
        }
    }
    bool found = false;
    Id p;
    Id pp;
    FOR_PROVIDES(p, pp, dependency)
    {
        found = true;
        if (!MAPTST(&self->seen, p)) {
            MAPSET(&self->seen, p);
            queue_push(&self->todo, p);
        }
    }
    const char *text = ISRELDEP(dependency) ? "" : pool_id2str(pool, dependency);
    if (*text == '/' && !found && !is_primary_file(text))
        self->needs_files = true;
}

static void visit_array(Closure *self, const Solvable *s, Offset array)
{
    if (array == 0)
        return;
    for (const Id *id = s->repo->idarraydata + array; *id != 0; id++)
        if (*id != SOLVABLE_PREREQMARKER)
            visit_dependency(self, *id);
}

static void visit_wanted(Closure *self, const char *text)
{
    Queue selection;
    Queue solvables;
    queue_init(&selection);
    queue_init(&solvables);
    if (selection_make(self->pool, &selection, text, SELECT) != 0) {
        selection_solvables(self->pool, &selection, &solvables);
        for (int i = 0; i < solvables.count; i++)
            if (!MAPTST(&self->seen, solvables.elements[i])) {
                MAPSET(&self->seen, solvables.elements[i]);
                queue_push(&self->todo, solvables.elements[i]);
            }
    } else if (*text == '/' && !is_primary_file(text)) {
        self->needs_files = true;
    }
    queue_free(&solvables);
    queue_free(&selection);
}

bool packages_rpm_solver_needs_files(PackagesRpmSolver *self, const Manifest *manifest)
{
    Closure closure = {.pool = self->base->pool};
    pool_addfileprovides(closure.pool);
    pool_createwhatprovides(closure.pool);
    map_init(&closure.seen, closure.pool->nsolvables);
    queue_init(&closure.todo);
    for (guint i = 0; i < manifest->packages->len; i++) {
        const char *text = ((const ManifestString *)manifest->packages->pdata[i])->text;
        /* groups may bring any package */
        for (Id p = 1; *text == '@' && p < closure.pool->nsolvables; p++)
            if (pool_id2solvable(closure.pool, p)->repo != NULL && !MAPTST(&closure.seen, p)) {
                MAPSET(&closure.seen, p);
                queue_push(&closure.todo, p);
            }
        visit_wanted(&closure, text);
    }
    while (!closure.needs_files && closure.todo.count > 0) {
        const Solvable *s = pool_id2solvable(closure.pool, queue_pop(&closure.todo));
        visit_array(&closure, s, s->requires);
        visit_array(&closure, s, s->recommends);
        visit_array(&closure, s, s->supplements);
    }
    map_free(&closure.seen);
    queue_free(&closure.todo);
    return closure.needs_files;
}

bool packages_rpm_solver_add_files(PackagesRpmSolver *self, GError **error)
{
    Pool *pool = self->base->pool;
    int i;
    Repo *repo;
    FOR_REPOS(i, repo)
    {
        if (!packages_rpm_index_load_files(repo->appdata, repo, error))
            return false;
    }
    return true;
}

/* --- the question --- */

static void add_job(PackagesRpmSolver *self, Id how, Id what, const ManifestString *place)
{
    queue_push2(&self->base->jobs, how, what);
    g_ptr_array_add(self->base->places, (gpointer)(uintptr_t)place);
}

static bool add_selection(PackagesRpmSolver *self, const char *text, int flags, Id how,
                          const ManifestString *place)
{
    Queue selection;
    queue_init(&selection);
    bool found = selection_make(self->base->pool, &selection, text, flags) != 0;
    for (int i = 0; i < selection.count; i += 2)
        add_job(self, how | selection.elements[i], selection.elements[i + 1], place);
    queue_free(&selection);
    return found;
}

/* The package exists, but does not count: that is what to say. */
static bool explain_barred(PackagesRpmSolver *self, const PackagesRpmQuestion *question,
                           const ManifestString *wanted, const char *text, GError **error)
{
    Queue selection;
    Queue solvables;
    queue_init(&selection);
    queue_init(&solvables);
    g_autofree char *reason = NULL;
    if (selection_make(self->base->pool, &selection, text,
                       SELECT | SELECTION_WITH_DISABLED | SELECTION_WITH_BADARCH) != 0)
        selection_solvables(self->base->pool, &selection, &solvables);
    for (int i = 0; reason == NULL && i < solvables.count; i++)
        reason = packages_rpm_filter_text(self, question, solvables.elements[i]);
    queue_free(&solvables);
    queue_free(&selection);
    if (reason == NULL)
        return false;
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_UNSOLVABLE,
                "%s:%u:%u: package ‘%s’ does not count: %s", wanted->place.file, wanted->place.line,
                wanted->place.column, text, reason);
    return true;
}

static bool add_wanted(PackagesRpmSolver *self, const PackagesRpmQuestion *question,
                       const ManifestString *wanted, GError **error)
{
    if (add_selection(self, wanted->text, SELECT, SOLVER_INSTALL, wanted))
        return true;
    if (!explain_barred(self, question, wanted, wanted->text, error))
        packages_solver_explain_unknown(self->base, wanted, error);
    return false;
}

static bool is_excluded(const Manifest *manifest, const char *name)
{
    for (guint i = 0; i < manifest->exclude_packages->len; i++)
        if (strcmp(((const ManifestString *)manifest->exclude_packages->pdata[i])->text, name) == 0)
            return true;
    return false;
}

/* As dnf: a member that no repository has, or that is excluded, is not missed. */
static bool add_group(PackagesRpmSolver *self, const PackagesRpmQuestion *question,
                      const ManifestString *wanted, GError **error)
{
    g_autoptr(GPtrArray) packages = g_ptr_array_new_with_free_func(g_free);
    guint before = self->conditional->len;
    if (!packages_comps_expand(question->comps, wanted->text, packages, self->conditional, error)) {
        g_prefix_error(error, "%s:%u:%u: ", wanted->place.file, wanted->place.line,
                       wanted->place.column);
        return false;
    }
    for (guint i = 0; i < packages->len; i++)
        if (!is_excluded(question->manifest, packages->pdata[i]))
            (void)add_selection(self, packages->pdata[i], SELECTION_NAME | SELECTION_PROVIDES,
                                SOLVER_INSTALL, wanted);
    for (guint i = before; i < self->conditional->len; i += 2)
        g_ptr_array_add(self->places, (gpointer)(uintptr_t)wanted);
    return true;
}

static bool add_all_wanted(PackagesRpmSolver *self, const PackagesRpmQuestion *question,
                           const GPtrArray *strings, GError **error)
{
    for (guint i = 0; i < strings->len; i++) {
        const ManifestString *wanted = strings->pdata[i];
        if (!(*wanted->text == '@' ? add_group(self, question, wanted, error)
                                   : add_wanted(self, question, wanted, error)))
            return false;
    }
    return true;
}

static bool add_jobs(PackagesRpmSolver *self, const PackagesRpmQuestion *question, GError **error)
{
    static const char *const many[] = {"installonlypkg(kernel)", "installonlypkg(kernel-module)",
                                       "kernel", "kernel-core", "kernel-modules"};
    const Manifest *manifest = question->manifest;
    if (!add_all_wanted(self, question, manifest->packages, error) ||
        !add_all_wanted(self, question, self->wanted, error))
        return false;
    for (guint i = 0; manifest->repo_packages != NULL && i < manifest->repo_packages->len; i++)
        if (!add_all_wanted(
                self, question,
                ((const ManifestRepoPackages *)manifest->repo_packages->pdata[i])->packages, error))
            return false;
    for (guint i = 0; i < manifest->exclude_packages->len; i++) {
        const ManifestString *excluded = manifest->exclude_packages->pdata[i];
        (void)add_selection(self, excluded->text,
                            SELECTION_NAME | SELECTION_CANON | SELECTION_DOTARCH | SELECTION_GLOB,
                            SOLVER_LOCK, excluded);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(many); i++)
        (void)add_selection(self, many[i], SELECTION_NAME | SELECTION_PROVIDES, SOLVER_MULTIVERSION,
                            NULL);
    return true;
}

/* --- the answer --- */

static bool is_made_of(const char *text, const char *more)
{
    for (; *text != '\0'; text++)
        if (!g_ascii_isalnum(*text) && strchr(more, *text) == NULL)
            return false;
    return true;
}

static bool is_safe_location(const char *location)
{
    if (location == NULL || *location == '\0' || *location == '/' ||
        strstr(location, "://") != NULL || !g_utf8_validate(location, -1, NULL))
        return false;
    g_auto(GStrv) parts = g_strsplit(location, "/", -1);
    return !g_strv_contains((const char *const *)parts, "..");
}

/* These become names of refs and files, and parts of URLs. */
static bool check_solvable(Pool *pool, Solvable *s, GError **error)
{
    unsigned media = 0;
    Id type = 0;
    const char *name = pool_id2str(pool, s->name);
    const char *wrong = NULL;
    const char *base = solvable_lookup_str(s, SOLVABLE_MEDIABASE);
    const char *checksum = solvable_lookup_checksum(s, SOLVABLE_CHECKSUM, &type);
    if (!is_made_of(name, "+-._") || *name == '.' || *name == '\0')
        wrong = "its name has characters that no package's has";
    else if (!is_made_of(pool_id2str(pool, s->evr), "+-._~^:") ||
             !is_made_of(pool_id2str(pool, s->arch), "_"))
        wrong = "its version or architecture has characters that no package's has";
    else if (!is_safe_location(solvable_lookup_location(s, &media)))
        wrong = "its location leaves the repository";
    else if (base != NULL && *base != '\0')
        wrong = "it lies elsewhere (xml:base), which is not supported";
    else if (checksum == NULL || type != REPOKEY_TYPE_SHA256)
        wrong = "its checksum is not of the type sha256";
    if (wrong != NULL)
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                    "repository ‘%s’: package ‘%s’: %s", s->repo->name, name, wrong);
    return wrong == NULL;
}

static char *join_url(const char *base, const char *path)
{
    g_autofree char *escaped = g_uri_escape_string(path, "/!$&'()*+,;=:@", FALSE);
    return g_strconcat(base, "/", escaped, NULL);
}

static char **make_mirrors(const PackagesRpmMetadata *metadata, const char *location)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    for (guint i = 1; i < MIN(metadata->bases->len, PACKAGES_PACKAGE_MAX_MIRRORS + 1); i++) {
        g_autofree char *url = join_url(metadata->bases->pdata[i], location);
        g_strv_builder_add(builder, url);
    }
    return g_strv_builder_end(builder);
}

/* "bash-5.1-3.src.rpm" names the source package "bash". */
static char *source_name(Solvable *s)
{
    const char *name = solvable_lookup_str(s, SOLVABLE_SOURCENAME);
    return g_strdup(name != NULL ? name : pool_id2str(s->repo->pool, s->name));
}

static PackagesPackage *new_package(Pool *pool, Solvable *s)
{
    const PackagesRpmMetadata *metadata = s->repo->appdata;
    const char *base = metadata->bases->pdata[0];
    unsigned media = 0;
    Id type = 0;
    const char *found = solvable_lookup_location(s, &media);
    g_autofree char *location =
        g_strdup(g_str_has_prefix(found, "./") ? found + strlen("./") : found);
    PackagesPackage *package = g_new0(PackagesPackage, 1);
    package->format = &packages_rpm_format;
    package->name = g_strdup(pool_id2str(pool, s->name));
    package->version = g_strdup(pool_id2str(pool, s->evr));
    package->arch = g_strdup(pool_id2str(pool, s->arch));
    package->source = source_name(s);
    package->sha256 = g_strdup(solvable_lookup_checksum(s, SOLVABLE_CHECKSUM, &type));
    package->size_bytes = solvable_lookup_num(s, SOLVABLE_DOWNLOADSIZE, 0);
    package->installed_bytes = solvable_lookup_num(s, SOLVABLE_INSTALLSIZE, 0);
    package->repo_id = g_strdup(metadata->repo->id);
    package->url = join_url(base, location);
    package->mirrors = make_mirrors(metadata, location);
    if (metadata->keys != NULL)
        package->keys = g_bytes_ref(metadata->keys);
    if (g_str_has_prefix(base, "file://"))
        package->path = g_build_filename(base + strlen("file://"), location, NULL);
    return package;
}

static int compare_packages(gconstpointer a, gconstpointer b)
{
    const PackagesPackage *left = *(const PackagesPackage *const *)a;
    const PackagesPackage *right = *(const PackagesPackage *const *)b;
    int order = strcmp(left->name, right->name);
    if (order == 0)
        order = strcmp(left->arch, right->arch);
    return order != 0 ? order : strcmp(left->version, right->version);
}

static GPtrArray *read_answer(PackagesRpmSolver *self, Solver *solver, GError **error)
{
    g_autoptr(GPtrArray) packages =
        g_ptr_array_new_with_free_func((GDestroyNotify)packages_package_free);
    Pool *pool = self->base->pool;
    Queue decisions;
    queue_init(&decisions);
    solver_get_decisionqueue(solver, &decisions);
    bool ok = true;
    for (int i = 0; ok && i < decisions.count; i++) {
        if (decisions.elements[i] <= 0 || decisions.elements[i] == SYSTEMSOLVABLE)
            continue;
        Solvable *s = pool_id2solvable(pool, decisions.elements[i]);
        ok = check_solvable(pool, s, error);
        if (ok)
            g_ptr_array_add(packages, new_package(pool, s));
    }
    queue_free(&decisions);
    if (!ok)
        return NULL;
    g_ptr_array_sort(packages, compare_packages);
    return g_steal_pointer(&packages);
}

static bool is_chosen(const GPtrArray *packages, const char *name)
{
    for (guint i = 0; i < packages->len; i++)
        if (strcmp(((const PackagesPackage *)packages->pdata[i])->name, name) == 0)
            return true;
    return false;
}

/* Adds what a group has for when another package is there; %TRUE when that is new. */
static bool add_conditional(PackagesRpmSolver *self, const PackagesRpmQuestion *question,
                            const GPtrArray *packages)
{
    bool added = false;
    for (guint i = 0; i < self->conditional->len; i += 2) {
        const char *name = self->conditional->pdata[i];
        if (is_chosen(packages, name) || is_excluded(question->manifest, name) ||
            !is_chosen(packages, self->conditional->pdata[i + 1]))
            continue;
        added =
            add_selection(self, name, SELECTION_NAME, SOLVER_INSTALL, self->places->pdata[i / 2]) ||
            added;
    }
    return added;
}

static GPtrArray *solve(PackagesRpmSolver *self, const Manifest *manifest, GError **error)
{
    Solver *solver = solver_create(self->base->pool);
    solver_set_flag(solver, SOLVER_FLAG_IGNORE_RECOMMENDED, manifest->recommends ? 0 : 1);
    solver_set_flag(solver, SOLVER_FLAG_ALLOW_VENDORCHANGE, 1);
    solver_set_flag(solver, SOLVER_FLAG_KEEP_ORPHANS, 1);
    solver_set_flag(solver, SOLVER_FLAG_BEST_OBEY_POLICY, 1);
    solver_set_flag(solver, SOLVER_FLAG_YUM_OBSOLETES, 1);
    solver_set_flag(solver, SOLVER_FLAG_URPM_REORDER, 1);
    GPtrArray *packages = NULL;
    if (solver_solve(solver, &self->base->jobs) == 0)
        packages = read_answer(self, solver, error);
    else
        packages_solver_explain(self->base, solver, error);
    solver_free(solver);
    return packages;
}

GPtrArray *packages_rpm_solver_run(PackagesRpmSolver *self, const PackagesRpmQuestion *question,
                                   GError **error)
{
    pool_addfileprovides(self->base->pool);
    pool_createwhatprovides(self->base->pool);
    if (!packages_rpm_filter(self, question, error) || !add_jobs(self, question, error))
        return NULL;
    g_autoptr(GPtrArray) packages = solve(self, question->manifest, error);
    while (packages != NULL && add_conditional(self, question, packages)) {
        g_ptr_array_unref(packages);
        packages = solve(self, question->manifest, error);
    }
    return g_steal_pointer(&packages);
}
