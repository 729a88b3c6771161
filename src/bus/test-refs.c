/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/refs.h"

#include "base/fd.h"
#include "bus/tables.h"

#include <fcntl.h>
#include <string.h>

#define BLOCKS 37 /* two parts, and some blocks of a third one */
#define NAMES 50

typedef struct {
    char *dir;
    BaseDb *db;
    int64_t names[NAMES];
    BusPlaces wanted[NAMES][BLOCKS];
} Fixture;

static int64_t random_key(void)
{
    return (int64_t)((uint64_t)(uint32_t)g_test_rand_int() << 31 ^ (uint32_t)g_test_rand_int());
}

/* Name N is in about one of N + 1 events; the first ones have keys that are neighbours. */
static void fill(Fixture *self)
{
    g_autoptr(GArray) refs = g_array_new(FALSE, FALSE, sizeof(BusRef));
    g_autoptr(GError) error = NULL;
    for (unsigned i = 0; i < NAMES; i++)
        self->names[i] = i < 10 ? i : random_key();
    self->names[10] = INT64_MAX;
    for (unsigned block = 0; block < BLOCKS; block++) {
        g_array_set_size(refs, 0);
        for (unsigned place = 0; place < BUS_BLOCK_EVENTS; place++) {
            for (unsigned i = 0; i < NAMES; i++) {
                uint32_t in_part = block % BUS_PART_BLOCKS * BUS_BLOCK_EVENTS + place;
                BusRef ref = {self->names[i], in_part};
                if (g_test_rand_int_range(0, (gint32)(i * i + 1)) != 0)
                    continue;
                self->wanted[i][block].bits[place / 64] |= UINT64_C(1) << place % 64;
                g_array_append_val(refs, ref);
                if (i == 3) /* twice in one event */
                    g_array_append_val(refs, ref);
            }
        }
        g_assert_true(base_db_begin(self->db, &error));
        g_assert_true(bus_refs_save(self->db, block, refs, &error));
        g_assert_no_error(error);
        g_assert_true(base_db_commit(self->db, &error));
    }
}

static void set_up(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    self->dir = g_dir_make_tmp("atoll-refs-XXXXXX", &error);
    g_autofree char *path = g_build_filename(self->dir, "atoll.db", NULL);
    self->db = base_db_open(path, &error);
    g_assert_no_error(error);
    g_assert_true(bus_tables_ensure(self->db, &error));
    fill(self);
}

static void tear_down(Fixture *self, const void *data)
{
    base_db_close(self->db);
    g_assert_true(base_fd_remove_tree(AT_FDCWD, self->dir, NULL));
    g_free(self->dir);
}

typedef struct {
    const Fixture *fixture;
    BusPlaces got[NAMES][BLOCKS];
    uint64_t last[NAMES]; /* block that came last, from 1 */
} Seen;

static bool see(const BusRefsEntry *entry, uint64_t block, void *user_data)
{
    Seen *self = user_data;
    unsigned i = 0;
    while (self->fixture->names[i] != entry->h)
        i++;
    g_assert_cmpuint(block, <, BLOCKS);
    g_assert_cmpuint(block + 1, >, self->last[i]);
    self->last[i] = block + 1;
    BusPlaces *got = &self->got[i][block];
    g_assert_true(bus_places_add(got, entry->places, entry->size_bytes));
    g_assert_cmpuint(bus_places_count(got), ==, entry->n);
    return true;
}

static void check_load(Fixture *self, uint64_t first, uint64_t last, unsigned from, unsigned n)
{
    static const BusPlaces none = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) keys = g_array_new(FALSE, FALSE, sizeof(int64_t));
    g_autofree Seen *seen = g_new0(Seen, 1);
    int64_t unknown = 77;
    seen->fixture = self;
    g_array_append_vals(keys, self->names + from, n);
    g_array_append_val(keys, unknown);
    g_assert_true(bus_refs_load(self->db, keys, first, last, see, seen, &error));
    g_assert_no_error(error);
    for (unsigned i = 0; i < NAMES; i++) {
        for (unsigned block = 0; block < BLOCKS; block++) {
            bool asked = i >= from && i < from + n && block >= first && block <= last;
            const BusPlaces *wanted = asked ? &self->wanted[i][block] : &none;
            g_assert_cmpmem(&seen->got[i][block], sizeof *wanted, wanted, sizeof *wanted);
        }
    }
}

static void test_load(Fixture *self, const void *data)
{
    check_load(self, 0, BLOCKS - 1, 0, NAMES);
    check_load(self, 0, BLOCKS - 1, 7, 1);
    check_load(self, 3, 34, 5, 20);
    check_load(self, 17, 20, 0, NAMES);
    check_load(self, 33, 33, 0, NAMES);
    check_load(self, 0, 1000, 10, 3);
}

static bool ignore(const BusRefsEntry *entry, uint64_t block, void *user_data)
{
    return true;
}

/* A row that is damaged is an error, of a query and of a part that is put together. */
static void test_damaged(Fixture *self, const void *data)
{
    static const char *const damages[] = {
        "UPDATE bus_ref SET refs = substr(refs, 1, length(refs) - 1)",
        "UPDATE bus_ref SET refs = x'00'",
        "UPDATE bus_ref SET refs = x'ffffffffffffffffffffffffffff'",
        "UPDATE bus_fresh SET refs = substr(refs, 1, 12)",
    };
    g_autoptr(GArray) keys = g_array_new(FALSE, FALSE, sizeof(int64_t));
    g_autoptr(GArray) refs = g_array_new(FALSE, FALSE, sizeof(BusRef));
    BusRef ref = {INT64_MAX, BUS_PART_EVENTS - 1};
    g_array_append_val(refs, ref);
    g_array_append_val(keys, self->names[10]);
    for (unsigned i = 0; i < G_N_ELEMENTS(damages); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_true(base_db_begin(self->db, &error));
        g_assert_true(base_db_exec(self->db, damages[i], &error));
        g_assert_false(bus_refs_load(self->db, keys, 0, BLOCKS - 1, ignore, NULL, &error));
        g_assert_error(error, BUS_ERROR, BUS_ERROR_BROKEN);
        g_clear_error(&error);
        if (strstr(damages[i], "bus_fresh") != NULL) {
            g_assert_false(bus_refs_save(self->db, 47, refs, &error));
            g_assert_error(error, BUS_ERROR, BUS_ERROR_BROKEN);
        }
        base_db_rollback(self->db);
    }
    check_load(self, 0, BLOCKS - 1, 0, NAMES);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/bus/refs/load", Fixture, NULL, set_up, test_load, tear_down);
    g_test_add("/bus/refs/damaged", Fixture, NULL, set_up, test_damaged, tear_down);
    return g_test_run();
}
