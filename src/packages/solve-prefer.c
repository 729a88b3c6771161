/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which of several right answers Debian means (Debian Policy, 7.1 and 7.5): a walk over the
 * dependencies that always takes what stands first.
 */
#include "packages/solve-private.h"

#include <solv/bitmap.h>
#include <solv/evr.h>
#include <string.h>

typedef struct {
    PackagesSolver *solver;
    Pool *pool;
    Map chosen;
    Map excluded;
    Map conflicting;
    Queue favored;
    int next;
    Queue choices;
    int next_choice;
    Queue wishes;
    int next_wish;
} Walk;

static void walk_init(Walk *self, PackagesSolver *solver)
{
    *self = (Walk){.solver = solver, .pool = solver->pool};
    map_init(&self->chosen, self->pool->nsolvables);
    map_init(&self->excluded, self->pool->nsolvables);
    map_init(&self->conflicting, self->pool->nsolvables);
    queue_init(&self->favored);
    queue_init(&self->choices);
    queue_init(&self->wishes);
}

static void walk_clear(Walk *self)
{
    map_free(&self->chosen);
    map_free(&self->excluded);
    map_free(&self->conflicting);
    queue_free(&self->favored);
    queue_free(&self->choices);
    queue_free(&self->wishes);
}

static Id name_of(Pool *pool, Id dependency)
{
    while (ISRELDEP(dependency))
        dependency = GETRELDEP(pool, dependency)->name;
    return dependency;
}

static bool is_or(Pool *pool, Id dependency)
{
    return ISRELDEP(dependency) && GETRELDEP(pool, dependency)->flags == REL_OR;
}

static void choose(Walk *self, Id p)
{
    Pool *pool = self->pool;
    Solvable *s = pool_id2solvable(pool, p);
    if (MAPTST(&self->chosen, p))
        return;
    MAPSET(&self->chosen, p);
    queue_push(&self->favored, p);
    if (s->conflicts == 0)
        return;
    for (const Id *conflict = s->repo->idarraydata + s->conflicts; *conflict != 0; conflict++) {
        Id other;
        Id pp;
        FOR_PROVIDES(other, pp, *conflict)
        {
            if (other != p)
                MAPSET(&self->conflicting, other);
        }
    }
}

static bool fits(Walk *self, Id p)
{
    Pool *pool = self->pool;
    Solvable *s = pool_id2solvable(pool, p);
    if (MAPTST(&self->excluded, p) || MAPTST(&self->conflicting, p))
        return false;
    if (s->conflicts == 0)
        return true;
    for (const Id *conflict = s->repo->idarraydata + s->conflicts; *conflict != 0; conflict++) {
        Id other;
        Id pp;
        FOR_PROVIDES(other, pp, *conflict)
        {
            if (other != p && MAPTST(&self->chosen, other))
                return false;
        }
    }
    return true;
}

/* %TRUE if @a is better than @b for a dependency on the name @name. */
static bool is_better(Walk *self, Id a, Id b, Id name)
{
    Pool *pool = self->pool;
    Solvable *left = pool_id2solvable(pool, a);
    Solvable *right = pool_id2solvable(pool, b);
    if (left->name == right->name)
        return pool_evrcmp(pool, left->evr, right->evr, EVRCMP_COMPARE) > 0;
    if ((left->name == name) != (right->name == name))
        return left->name == name;
    Id key = self->solver->priority_key;
    unsigned long long left_priority =
        solvable_lookup_num(left, key, PACKAGES_INDEX_PRIORITY_OPTIONAL);
    unsigned long long right_priority =
        solvable_lookup_num(right, key, PACKAGES_INDEX_PRIORITY_OPTIONAL);
    if (left_priority != right_priority)
        return left_priority < right_priority;
    return strcmp(pool_id2str(pool, left->name), pool_id2str(pool, right->name)) < 0;
}

/* The best package for a dependency without alternatives; 0 when none fits. */
static Id find_best(Walk *self, Id dependency)
{
    Pool *pool = self->pool;
    Id name = name_of(pool, dependency);
    Id best = 0;
    Id p;
    Id pp;
    FOR_PROVIDES(p, pp, dependency)
    {
        if (fits(self, p) && (best == 0 || is_better(self, p, best, name)))
            best = p;
    }
    return best;
}

static bool is_fulfilled(Walk *self, Id dependency)
{
    Pool *pool = self->pool;
    Id p;
    Id pp;
    FOR_PROVIDES(p, pp, dependency)
    {
        if (MAPTST(&self->chosen, p))
            return true;
    }
    return false;
}

static void choose_for(Walk *self, Id dependency)
{
    if (is_fulfilled(self, dependency))
        return;
    Id rest = dependency;
    Id p = 0;
    while (p == 0 && is_or(self->pool, rest)) {
        const Reldep *both = GETRELDEP(self->pool, rest);
        p = find_best(self, both->name);
        rest = both->evr;
    }
    if (p == 0)
        p = find_best(self, rest);
    if (p != 0)
        choose(self, p);
}

/* A dependency that one package name fulfils is no choice, and is followed at once; the others
 * wait until all such are followed, because one of these may fulfil them. */
static void walk_requires(Walk *self, Solvable *s)
{
    if (s->requires == 0)
        return;
    for (const Id *id = s->repo->idarraydata + s->requires; *id != 0; id++) {
        if (*id == SOLVABLE_PREREQMARKER)
            continue;
        Id best = is_or(self->pool, *id) ? 0 : find_best(self, *id);
        if (best != 0 && pool_id2solvable(self->pool, best)->name == name_of(self->pool, *id))
            choose_for(self, *id);
        else
            queue_push(&self->choices, *id);
    }
}

static void walk_recommends(Walk *self, Solvable *s)
{
    if (s->recommends == 0)
        return;
    for (const Id *id = s->repo->idarraydata + s->recommends; *id != 0; id++)
        queue_push(&self->wishes, *id);
}

static void walk(Walk *self, bool recommends)
{
    for (;;) {
        if (self->next < self->favored.count) {
            Solvable *s = pool_id2solvable(self->pool, self->favored.elements[self->next++]);
            walk_requires(self, s);
            if (recommends)
                walk_recommends(self, s);
        } else if (self->next_choice < self->choices.count) {
            choose_for(self, self->choices.elements[self->next_choice++]);
        } else if (self->next_wish < self->wishes.count) {
            choose_for(self, self->wishes.elements[self->next_wish++]);
        } else {
            return;
        }
    }
}

static void take_jobs(Walk *self)
{
    Pool *pool = self->pool;
    const Queue *jobs = &self->solver->jobs;
    for (int i = 0; i < jobs->count; i += 2) {
        if ((jobs->elements[i] & SOLVER_JOBMASK) != SOLVER_LOCK)
            continue;
        Id p;
        Id pp;
        FOR_PROVIDES(p, pp, jobs->elements[i + 1])
        {
            if (pool_id2solvable(pool, p)->name == jobs->elements[i + 1])
                MAPSET(&self->excluded, p);
        }
    }
    for (int i = 0; i < jobs->count; i += 2)
        if ((jobs->elements[i] & SOLVER_JOBMASK) == SOLVER_INSTALL) {
            Id best = find_best(self, jobs->elements[i + 1]);
            if (best != 0)
                choose(self, best);
        }
}

void packages_solver_prefer(PackagesSolver *self, const Manifest *manifest, Queue *out_favored)
{
    Walk state;
    walk_init(&state, self);
    take_jobs(&state);
    walk(&state, manifest->recommends);
    queue_insertn(out_favored, 0, state.favored.count, state.favored.elements);
    walk_clear(&state);
}
