/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The Merkle tree as it is stored: leaves with their events, roots of complete subtrees at every
 * eighth level in a table; read 256 neighbours at a time.
 */
#include "bus/head.h"

#include <string.h>

#define CHUNK 256
#define LEVELS (64 / BUS_MERKLE_STEP + 1)

typedef struct {
    bool loaded;
    uint64_t start;
    unsigned n;
    uint8_t hashes[CHUNK][BASE_SHA256_BYTES];
} Chunk;

struct _BusTree {
    BusLog *log; /* borrowed */
    Chunk chunks[LEVELS];
};

bool bus_tree_save_node(unsigned level, uint64_t index,
                        const uint8_t hash[static BASE_SHA256_BYTES], void *user_data,
                        GError **error)
{
    BusLog *log = user_data;
    BaseDbStatement *statement = base_db_prepare(
        log->db, "INSERT INTO bus_node (level, idx, hash) VALUES (?1, ?2, ?3)", error);
    if (statement == NULL)
        return false;
    base_db_bind_int(statement, 1, level);
    base_db_bind_int(statement, 2, (int64_t)index);
    base_db_bind_blob(statement, 3, hash, BASE_SHA256_BYTES);
    return base_db_run(statement, NULL, error);
}

static BaseDbStatement *prepare_chunk(BusTree *self, unsigned level, uint64_t start, GError **error)
{
    BaseDbStatement *statement = base_db_prepare(
        self->log->db,
        level == 0 ? "SELECT seq - 1 AS idx, hash FROM bus_event WHERE seq > ?1 AND seq <= ?2 "
                     "ORDER BY seq"
                   : "SELECT idx, hash FROM bus_node WHERE idx >= ?1 AND idx < ?2 AND level = ?3 "
                     "ORDER BY idx",
        error);
    if (statement == NULL)
        return NULL;
    base_db_bind_int(statement, 1, (int64_t)start);
    base_db_bind_int(statement, 2, (int64_t)(start + CHUNK));
    if (level != 0)
        base_db_bind_int(statement, 3, level);
    return statement;
}

static bool load(BusTree *self, unsigned level, uint64_t start, GError **error)
{
    Chunk *chunk = &self->chunks[level / BUS_MERKLE_STEP];
    chunk->loaded = false;
    BaseDbStatement *statement = prepare_chunk(self, level, start, error);
    bool row = true;
    chunk->n = 0;
    while (statement != NULL && base_db_step(statement, &row, error)) {
        if (!row) {
            chunk->start = start;
            chunk->loaded = true;
            return true;
        }
        size_t size_bytes = 0;
        const void *hash = base_db_column_blob(statement, "hash", &size_bytes);
        /* A hole ends the chunk: what lies behind it is then missing, and said to be. */
        if (hash == NULL || size_bytes != BASE_SHA256_BYTES || chunk->n >= CHUNK ||
            (uint64_t)base_db_column_int(statement, "idx") != start + chunk->n)
            continue;
        memcpy(chunk->hashes[chunk->n++], hash, BASE_SHA256_BYTES);
    }
    return false;
}

static bool get(unsigned level, uint64_t index, uint8_t out_hash[static BASE_SHA256_BYTES],
                void *user_data, GError **error)
{
    BusTree *self = user_data;
    Chunk *chunk = &self->chunks[level / BUS_MERKLE_STEP];
    uint64_t start = index - index % CHUNK;
    if ((!chunk->loaded || chunk->start != start || index >= start + chunk->n) &&
        !load(self, level, start, error))
        return false;
    if (index >= start + chunk->n) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_BROKEN,
                    "node %" G_GUINT64_FORMAT " of level %u of the tree is missing; atoll bus "
                    "verify",
                    index, level);
        return false;
    }
    memcpy(out_hash, chunk->hashes[index - start], BASE_SHA256_BYTES);
    return true;
}

BusTree *bus_tree_new(BusLog *log)
{
    BusTree *self = g_new0(BusTree, 1);
    self->log = log;
    return self;
}

void bus_tree_free(BusTree *self)
{
    g_free(self);
}

BusMerkle bus_tree_merkle(BusTree *self)
{
    return (BusMerkle){.get = get, .user_data = self, .sha256 = self->log->sha256};
}
