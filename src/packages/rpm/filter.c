/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which packages libsolv gets to see: excludepkgs and includepkgs, repo-packages, module
 * streams, foreign architectures, pins. Each that it does not see has a reason in words.
 */
#include "packages/rpm/solve-private.h"

#include <fnmatch.h>
#include <string.h>

/* Architectures that run beside the first, whose packages are chosen only where asked for. */
static bool is_native(const PackagesRpmSolver *self, const char *arch)
{
    return strcmp(arch, self->arch) == 0 || strcmp(arch, "noarch") == 0;
}

char *packages_rpm_nevra(Pool *pool, const Solvable *s)
{
    const char *evr = pool_id2str(pool, s->evr);
    return g_strdup_printf("%s-%s%s.%s", pool_id2str(pool, s->name),
                           strchr(evr, ':') != NULL ? "" : "0:", evr, pool_id2str(pool, s->arch));
}

/* dnf's forms of a pattern: name, name.arch, name-version-release with and without arch. */
static bool matches(Pool *pool, const Solvable *s, const char *pattern)
{
    const char *name = pool_id2str(pool, s->name);
    const char *arch = pool_id2str(pool, s->arch);
    const char *evr = pool_id2str(pool, s->evr);
    const char *colon = strchr(evr, ':');
    if (fnmatch(pattern, name, 0) == 0)
        return true;
    if (strpbrk(pattern, ".-") == NULL)
        return false;
    g_autofree char *name_arch = g_strdup_printf("%s.%s", name, arch);
    g_autofree char *full = packages_rpm_nevra(pool, s);
    g_autofree char *plain =
        g_strdup_printf("%s-%s.%s", name, colon != NULL ? colon + 1 : evr, arch);
    g_autofree char *no_arch = g_strdup_printf("%s-%s", name, colon != NULL ? colon + 1 : evr);
    return fnmatch(pattern, name_arch, 0) == 0 || fnmatch(pattern, full, 0) == 0 ||
           fnmatch(pattern, plain, 0) == 0 || fnmatch(pattern, no_arch, 0) == 0;
}

static bool matches_any(Pool *pool, const Solvable *s, char **patterns)
{
    for (; *patterns != NULL; patterns++)
        if (matches(pool, s, *patterns))
            return true;
    return false;
}

static bool ends_with_arch(const PackagesRpmSolver *self, const char *text)
{
    static const char *const known[] = {"i386",    "i486",  "i586",    "i686",    "x86_64",
                                        "aarch64", "s390x", "ppc64le", "armv7hl", NULL};
    const char *dot = strrchr(text, '.');
    return dot != NULL && !is_native(self, dot + 1) && g_strv_contains(known, dot + 1);
}

/* "glibc.i686" among what is wanted lets packages of that architecture in. */
static bool asks_for_others(const PackagesRpmSolver *self, const Manifest *manifest)
{
    for (guint i = 0; i < manifest->packages->len; i++) {
        const ManifestString *wanted = manifest->packages->pdata[i];
        if (ends_with_arch(self, wanted->text))
            return true;
    }
    return false;
}

static PackagesRpmBar bar_by_repo(Pool *pool, const Solvable *s, const Manifest *manifest)
{
    const ManifestRepo *repo = ((const PackagesRpmMetadata *)s->repo->appdata)->repo;
    if (repo->rpm->includepkgs[0] != NULL && !matches_any(pool, s, repo->rpm->includepkgs))
        return PACKAGES_RPM_BAR_NOT_INCLUDED;
    if (matches_any(pool, s, repo->rpm->excludepkgs))
        return PACKAGES_RPM_BAR_EXCLUDED;
    for (guint i = 0; manifest->repo_packages != NULL && i < manifest->repo_packages->len; i++) {
        const ManifestRepoPackages *row = manifest->repo_packages->pdata[i];
        if (strcmp(row->repo, repo->id) == 0)
            continue;
        for (guint j = 0; j < row->packages->len; j++) {
            const ManifestString *forced = row->packages->pdata[j];
            if (strcmp(forced->text, pool_id2str(pool, s->name)) == 0)
                return PACKAGES_RPM_BAR_OTHER_REPO;
        }
    }
    return PACKAGES_RPM_BAR_NONE;
}

static const char *module_verdict(Pool *pool, const Solvable *s,
                                  const PackagesRpmQuestion *question)
{
    const PackagesRpmMetadata *metadata = s->repo->appdata;
    if (metadata->repo->rpm->module_hotfixes)
        return NULL;
    g_autofree char *nevra = packages_rpm_nevra(pool, s);
    return packages_modules_verdict(question->modules, pool_id2str(pool, s->name), nevra);
}

/* Of a pinned package only the pinned version counts, if it is still there; of a repository
 * for locked packages nothing else. */
static PackagesRpmBar bar_by_pin(Pool *pool, const Solvable *s, GHashTable *pins)
{
    const PackagesRpmMetadata *metadata = s->repo->appdata;
    PackagesRpmBar none =
        metadata->repo->locked_only ? PACKAGES_RPM_BAR_LOCK : PACKAGES_RPM_BAR_NONE;
    if (pins == NULL)
        return none;
    g_autofree char *key =
        g_strdup_printf("%s.%s", pool_id2str(pool, s->name), pool_id2str(pool, s->arch));
    const PackagesPackage *pin = g_hash_table_lookup(pins, key);
    if (pin == NULL)
        return none;
    return strcmp(pin->version, pool_id2str(pool, s->evr)) != 0 ? PACKAGES_RPM_BAR_PIN
                                                                : PACKAGES_RPM_BAR_NONE;
}

static bool is_there(Pool *pool, const PackagesPackage *pin)
{
    Id name = pool_str2id(pool, pin->name, 0);
    Id p;
    Id pp;
    FOR_PROVIDES(p, pp, name)
    {
        const Solvable *s = pool_id2solvable(pool, p);
        if (s->name == name && strcmp(pool_id2str(pool, s->evr), pin->version) == 0 &&
            strcmp(pool_id2str(pool, s->arch), pin->arch) == 0)
            return true;
    }
    return false;
}

static GHashTable *index_pins(Pool *pool, const GPtrArray *pins)
{
    if (pins == NULL)
        return NULL;
    GHashTable *by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < pins->len; i++) {
        PackagesPackage *pin = pins->pdata[i];
        if (is_there(pool, pin))
            g_hash_table_insert(by_name, g_strdup_printf("%s.%s", pin->name, pin->arch), pin);
    }
    return by_name;
}

static PackagesRpmBar find_bar(const PackagesRpmSolver *self, const PackagesRpmQuestion *question,
                               const Solvable *s, bool others, GHashTable *pins)
{
    Pool *pool = self->base->pool;
    if (!others && !is_native(self, pool_id2str(pool, s->arch)))
        return PACKAGES_RPM_BAR_ARCH;
    PackagesRpmBar bar = bar_by_repo(pool, s, question->manifest);
    if (bar == PACKAGES_RPM_BAR_NONE && module_verdict(pool, s, question) != NULL)
        bar = PACKAGES_RPM_BAR_MODULE;
    return bar == PACKAGES_RPM_BAR_NONE ? bar_by_pin(pool, s, pins) : bar;
}

bool packages_rpm_filter(PackagesRpmSolver *self, const PackagesRpmQuestion *question,
                         GError **error)
{
    Pool *pool = self->base->pool;
    if (!packages_modules_enable(question->modules, question->manifest, self->wanted, error))
        return false;
    g_autoptr(GHashTable) pins = index_pins(pool, question->pins);
    bool others = asks_for_others(self, question->manifest);
    self->bars = g_malloc0((size_t)pool->nsolvables);
    map_init(&self->considered, pool->nsolvables);
    map_setall(&self->considered);
    for (Id p = 1; p < pool->nsolvables; p++) {
        const Solvable *s = pool_id2solvable(pool, p);
        if (s->repo == NULL)
            continue;
        self->bars[p] = (uint8_t)find_bar(self, question, s, others, pins);
        /* MAPCLR() of libsolv, without its narrowing of an int */
        if (self->bars[p] != PACKAGES_RPM_BAR_NONE)
            self->considered.map[p >> 3] &= (unsigned char)~(1u << (p & 7));
    }
    pool->considered = &self->considered;
    pool_createwhatprovides(pool);
    return true;
}

char *packages_rpm_filter_text(const PackagesRpmSolver *self, const PackagesRpmQuestion *question,
                               Id p)
{
    Pool *pool = self->base->pool;
    const Solvable *s = pool_id2solvable(pool, p);
    const char *repo = s->repo->name;
    switch ((PackagesRpmBar)self->bars[p]) {
    case PACKAGES_RPM_BAR_ARCH:
        return g_strdup_printf("it is for %s; to have that as well, say ‘%s.%s’",
                               pool_id2str(pool, s->arch), pool_id2str(pool, s->name),
                               pool_id2str(pool, s->arch));
    case PACKAGES_RPM_BAR_EXCLUDED:
        return g_strdup_printf("‘excludepkgs’ of repository ‘%s’ excludes it", repo);
    case PACKAGES_RPM_BAR_NOT_INCLUDED:
        return g_strdup_printf("‘includepkgs’ of repository ‘%s’ does not have it", repo);
    case PACKAGES_RPM_BAR_OTHER_REPO:
        return g_strdup_printf("‘repo-packages’ wants it from another repository than ‘%s’", repo);
    case PACKAGES_RPM_BAR_MODULE:
        return g_strdup_printf("because of module stream ‘%s’, see ‘modules’",
                               module_verdict(pool, s, question));
    case PACKAGES_RPM_BAR_PIN:
        return g_strdup("the lock has another version");
    case PACKAGES_RPM_BAR_LOCK:
        return g_strdup_printf("repository ‘%s’ is for packages that a lock names only", repo);
    case PACKAGES_RPM_BAR_NONE:
    default:
        return NULL;
    }
}
