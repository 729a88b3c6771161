/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Says in words why a manifest's packages cannot be had, naming the lines that ask for them.
 */
#include "base/nearest.h"
#include "packages/solve-private.h"

#include <solv/problems.h>
#include <string.h>

#define MAX_REASONS 12
#define MAX_PROBLEMS 8

/* --- names --- */

static const char *near_name(Pool *pool, const char *wanted)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (Id p = 1; p < pool->nsolvables; p++) {
        Solvable *s = pool_id2solvable(pool, p);
        if (s->repo != NULL && pool_installable(pool, s))
            g_ptr_array_add(names, (gpointer)(uintptr_t)pool_id2str(pool, s->name));
    }
    g_ptr_array_add(names, NULL);
    return base_nearest_name(wanted, (const char *const *)names->pdata);
}

static char *place_of(const ManifestString *string)
{
    return g_strdup_printf("%s:%u:%u", string->place.file, string->place.line,
                           string->place.column);
}

void packages_solver_explain_unknown(PackagesSolver *self, const ManifestString *wanted,
                                     GError **error)
{
    g_autofree char *place = place_of(wanted);
    const char *near = near_name(self->pool, wanted->text);
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_UNSOLVABLE,
                "%s: no repository has a package ‘%s’%s%s%s", place, wanted->text,
                near != NULL ? "; did you mean ‘" : "", near != NULL ? near : "",
                near != NULL ? "’?" : "");
}

void packages_solver_explain_virtual(PackagesSolver *self, const ManifestString *wanted,
                                     const Queue *providers, GError **error)
{
    Pool *pool = self->pool;
    g_autofree char *place = place_of(wanted);
    g_autoptr(GString) names = g_string_new(NULL);
    for (int i = 0; i < providers->count; i++)
        g_string_append_printf(names, "%s‘%s’", i > 0 ? ", " : "",
                               pool_id2str(pool, providers->elements[i]));
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_UNSOLVABLE,
                "%s: ‘%s’ is no package but is provided by several; name one of %s", place,
                wanted->text, names->str);
}

/* --- problems --- */

static char *package_text(Pool *pool, Id p)
{
    Solvable *s = pool_id2solvable(pool, p);
    return g_strdup_printf("‘%s’ (%s)", pool_id2str(pool, s->name), pool_id2str(pool, s->evr));
}

static char *conflict_text(Pool *pool, Id from, Id to, Id dependency)
{
    g_autofree char *left = package_text(pool, from);
    g_autofree char *right = package_text(pool, to);
    Solvable *s = pool_id2solvable(pool, to);
    if (dependency == s->name)
        return g_strdup_printf("%s conflicts with %s", left, right);
    return g_strdup_printf("%s conflicts with ‘%s’, which %s is", left,
                           pool_dep2str(pool, dependency), right);
}

/* What a rule that is no job says; %NULL when it says nothing to people. */
static char *rule_text(Pool *pool, Solver *solver, Id rule)
{
    Id from = 0;
    Id to = 0;
    Id dependency = 0;
    SolverRuleinfo kind = solver_ruleinfo(solver, rule, &from, &to, &dependency);
    g_autofree char *left = from > 0 ? package_text(pool, from) : g_strdup("");
    if (kind == SOLVER_RULE_PKG_NOTHING_PROVIDES_DEP)
        return g_strdup_printf("%s needs ‘%s’, which no repository has", left,
                               pool_dep2str(pool, dependency));
    if (kind == SOLVER_RULE_PKG_REQUIRES)
        return g_strdup_printf("%s needs ‘%s’", left, pool_dep2str(pool, dependency));
    if (kind == SOLVER_RULE_PKG_CONFLICTS)
        return conflict_text(pool, from, to, dependency);
    if (kind == SOLVER_RULE_PKG_SAME_NAME) {
        g_autofree char *right = package_text(pool, to);
        return g_strdup_printf("%s and %s cannot both be installed", left, right);
    }
    if (kind == SOLVER_RULE_PKG_SELF_CONFLICT)
        return g_strdup_printf("%s conflicts with itself", left);
    if (kind == SOLVER_RULE_PKG_OBSOLETES || kind == SOLVER_RULE_PKG_IMPLICIT_OBSOLETES) {
        g_autofree char *right = package_text(pool, to);
        return g_strdup_printf("%s obsoletes %s", left, right);
    }
    if (kind == SOLVER_RULE_PKG_NOT_INSTALLABLE &&
        pool_disabled_solvable(pool, pool_id2solvable(pool, from)))
        return g_strdup_printf("%s does not count (excludepkgs, includepkgs, repo-packages, a "
                               "module stream or another architecture)",
                               left);
    if (kind == SOLVER_RULE_PKG_NOT_INSTALLABLE)
        return g_strdup_printf("%s is for another architecture", left);
    return NULL;
}

/* "@from needs @dependency" */
typedef struct {
    Id from;
    Id dependency;
    char *text;
} Need;

typedef struct {
    GPtrArray *wanted;
    GPtrArray *reasons;
    GArray *needs;
} Problem;

static bool has_text(const Problem *self, const char *text)
{
    for (guint i = 0; i < self->needs->len; i++)
        if (strcmp(g_array_index(self->needs, Need, i).text, text) == 0)
            return true;
    return g_ptr_array_find_with_equal_func(self->reasons, text, g_str_equal, NULL);
}

static void add_reason(Problem *self, char *text)
{
    if (text == NULL || self->reasons->len + self->needs->len >= MAX_REASONS ||
        has_text(self, text))
        g_free(text);
    else
        g_ptr_array_add(self->reasons, text);
}

static void add_rule(PackagesSolver *self, Problem *problem, Solver *solver, Id rule)
{
    char *text = rule_text(self->pool, solver, rule);
    Need need = {.text = text};
    if (solver_ruleinfo(solver, rule, &need.from, NULL, &need.dependency) !=
            SOLVER_RULE_PKG_REQUIRES ||
        text == NULL || has_text(problem, text) ||
        problem->reasons->len + problem->needs->len >= MAX_REASONS)
        add_reason(problem, text);
    else
        g_array_append_val(problem->needs, need);
}

static bool provides(Pool *pool, Id package, Id dependency)
{
    Id p;
    Id pp;
    FOR_PROVIDES(p, pp, dependency)
    {
        if (p == package)
            return true;
    }
    return false;
}

/* Nobody among the others needs it: the chain begins with it. */
static bool is_first(Pool *pool, const GArray *needs, guint index)
{
    const Need *need = &g_array_index(needs, Need, index);
    for (guint i = 0; i < needs->len; i++)
        if (i != index && provides(pool, need->from, g_array_index(needs, Need, i).dependency))
            return false;
    return true;
}

/* Who needs whom reads best before what is wrong with it, and from the wanted package on. */
static void put_needs_first(PackagesSolver *self, Problem *problem)
{
    for (int position = 0; problem->needs->len > 0; position++) {
        guint next = 0;
        for (guint i = 0; i < problem->needs->len; i++)
            if (is_first(self->pool, problem->needs, i)) {
                next = i;
                break;
            }
        g_ptr_array_insert(problem->reasons, position,
                           g_array_index(problem->needs, Need, next).text);
        g_array_remove_index(problem->needs, next);
    }
}

static void add_job(PackagesSolver *self, Problem *problem, int index)
{
    Id how = self->jobs.elements[index];
    Id what = self->jobs.elements[index + 1];
    const ManifestString *string = g_ptr_array_index(self->places, (guint)index / 2);
    if ((how & SOLVER_JOBMASK) == SOLVER_LOCK) {
        g_autofree char *place = place_of(string);
        add_reason(problem, g_strdup_printf("‘%s’ is excluded at %s", string->text, place));
    } else if (string == NULL) {
        add_reason(problem, g_strdup_printf("‘%s’ is essential or of required priority",
                                            pool_id2str(self->pool, what)));
    } else {
        g_autofree char *place = place_of(string);
        char *text = g_strdup_printf("%s: ‘%s’", place, string->text);
        g_ptr_array_add(problem->wanted, text);
    }
}

static int compare_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char *join(GPtrArray *texts, const char *separator)
{
    GString *joined = g_string_new(NULL);
    for (unsigned i = 0; i < texts->len; i++)
        g_string_append_printf(joined, "%s%s", i > 0 ? separator : "",
                               (const char *)g_ptr_array_index(texts, i));
    return g_string_free(joined, FALSE);
}

static char *problem_text(PackagesSolver *self, Solver *solver, Id problem)
{
    g_autoptr(GPtrArray) wanted = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) reasons = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GArray) needs = g_array_new(FALSE, FALSE, sizeof(Need));
    Problem state = {.wanted = wanted, .reasons = reasons, .needs = needs};
    Queue rules;
    queue_init(&rules);
    solver_findallproblemrules(solver, problem, &rules);
    for (int i = 0; i < rules.count; i++) {
        int job = solver_rule2jobidx(solver, rules.elements[i]);
        if (job > 0)
            add_job(self, &state, job - 1);
        else
            add_rule(self, &state, solver, rules.elements[i]);
    }
    queue_free(&rules);
    put_needs_first(self, &state);
    g_ptr_array_sort(wanted, compare_text);
    g_autofree char *who = join(wanted, " and ");
    g_autofree char *why = join(reasons, "; ");
    const char *verb = wanted->len > 1 ? "cannot be installed together" : "cannot be installed";
    if (wanted->len == 0)
        return g_strdup_printf("the base packages cannot be installed: %s", why);
    return g_strdup_printf("%s %s: %s", who, verb, why);
}

void packages_solver_explain(PackagesSolver *self, Solver *solver, GError **error)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    Id n = (Id)MIN(solver_problem_count(solver), MAX_PROBLEMS);
    for (Id problem = 1; problem <= n; problem++)
        g_ptr_array_add(texts, problem_text(self, solver, problem));
    g_autofree char *text = join(texts, "\n");
    g_set_error_literal(error, PACKAGES_ERROR, PACKAGES_ERROR_UNSOLVABLE, text);
}
