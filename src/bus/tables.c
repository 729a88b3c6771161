/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The tables of the log. What an event says is only in its signed text; the rest of the tables
 * are what lets it be found again, and can be told from it.
 *
 * A block is 1024 events. While one is being filled, its events are found by reading them; when
 * it is full, its index goes in at once: for each name the events of the block that it stands in.
 * An append so writes few pages, and a query reads at most one block beside the index. That of 16
 * blocks is then put together, so that a query looks once into each such part (refs.c).
 */
#include "bus/tables.h"

#define TABLES(INTEGER_KEY, BLOB)                                                                  \
    "CREATE TABLE bus_head (one INTEGER PRIMARY KEY, seq BIGINT NOT NULL, prev " BLOB              \
    " NOT NULL, logged_us BIGINT NOT NULL, behind INTEGER NOT NULL, frontier " BLOB                \
    " NOT NULL, policy BIGINT NOT NULL, head_seq BIGINT NOT NULL, head_us BIGINT NOT NULL);"       \
    "CREATE TABLE bus_event (seq " INTEGER_KEY ", id " BLOB " NOT NULL, signed TEXT NOT NULL, "    \
    "signature " BLOB " NOT NULL, hash " BLOB " NOT NULL, body TEXT, blob INTEGER NOT NULL);"      \
    "CREATE UNIQUE INDEX bus_event_id ON bus_event (id);"                                          \
    "CREATE TABLE bus_node (level INTEGER NOT NULL, idx BIGINT NOT NULL, hash " BLOB               \
    " NOT NULL, PRIMARY KEY (level, idx));"                                                        \
    "CREATE TABLE bus_signed_head (size " INTEGER_KEY ", text TEXT NOT NULL, signature " BLOB      \
    " NOT NULL);"                                                                                  \
    "CREATE TABLE bus_block (block " INTEGER_KEY                                                   \
    ", min_us BIGINT NOT NULL, max_us BIGINT NOT NULL);"                                           \
    "CREATE TABLE bus_name (h " INTEGER_KEY ", kind TEXT NOT NULL, name TEXT NOT NULL);"           \
    "CREATE INDEX bus_name_kind ON bus_name (kind);"                                               \
    "CREATE TABLE bus_key (id TEXT PRIMARY KEY, public " BLOB                                      \
    " NOT NULL, added BIGINT NOT NULL, ended BIGINT);"                                             \
    "CREATE TABLE bus_grant (subject TEXT NOT NULL, topics TEXT NOT NULL, added BIGINT NOT NULL, " \
    "PRIMARY KEY (subject, topics));"                                                              \
    "CREATE TABLE bus_schema (digest TEXT PRIMARY KEY, id TEXT NOT NULL, text TEXT NOT NULL, "     \
    "added_us BIGINT NOT NULL);"                                                                   \
    "CREATE TABLE bus_retention (topics TEXT PRIMARY KEY, days BIGINT NOT NULL);"                  \
    "CREATE TABLE bus_subscription (name TEXT PRIMARY KEY, topics TEXT NOT NULL, seq BIGINT NOT "  \
    "NULL, lag_alarm BIGINT NOT NULL, alarmed INTEGER NOT NULL, seen_us BIGINT NOT NULL);"         \
    "CREATE TABLE bus_dead (name TEXT NOT NULL, seq BIGINT NOT NULL, reason TEXT NOT NULL, "       \
    "parked_us BIGINT NOT NULL, PRIMARY KEY (name, seq));"

/* Rows that are only a key: SQLite keeps them as such when told. */
#define INDEXES(ROWID)                                                                             \
    "CREATE TABLE bus_ref (h BIGINT NOT NULL, seq BIGINT NOT NULL, PRIMARY KEY (h, seq))" ROWID    \
    ";"                                                                                            \
    "CREATE TABLE bus_count (h BIGINT NOT NULL, block BIGINT NOT NULL, n BIGINT NOT NULL, "        \
    "PRIMARY KEY (h, block))" ROWID ";"                                                            \
    "INSERT INTO bus_head (one, seq, prev, logged_us, behind, frontier, policy, head_seq, "        \
    "head_us) VALUES (1, 0, "

#define PARTS(BLOB, END)                                                                           \
    "CREATE TABLE bus_ref (part BIGINT NOT NULL, h BIGINT NOT NULL, block BIGINT NOT NULL, "       \
    "n BIGINT NOT NULL, places " BLOB " NOT NULL, PRIMARY KEY (part, h, block" END

#define REFS(INTEGER_KEY, BLOB)                                                                    \
    "CREATE TABLE bus_ref (at " INTEGER_KEY ", refs " BLOB " NOT NULL);"                           \
    "CREATE TABLE bus_fresh (at " INTEGER_KEY ", refs " BLOB " NOT NULL)"

static const BaseDbMigration migrations[] = {
    {
        .sqlite = TABLES("INTEGER PRIMARY KEY", "BLOB")
            INDEXES(" WITHOUT ROWID") "zeroblob(32), 0, 0, x'', 0, 0, 0)",
        .postgresql = TABLES("BIGINT PRIMARY KEY", "BYTEA")
            INDEXES("") "decode(repeat('00', 32), 'hex'), 0, 0, '', 0, 0, 0)",
    },
    {
        /* how far a rule is carried out; which rows still have a long body of one digest */
        .sqlite = "ALTER TABLE bus_retention ADD COLUMN done BIGINT NOT NULL DEFAULT 0;"
                  "CREATE TABLE bus_blob (digest BLOB PRIMARY KEY, refs BIGINT NOT NULL)",
        .postgresql = "ALTER TABLE bus_retention ADD COLUMN done BIGINT NOT NULL DEFAULT 0",
    },
    {
        /* bus_block_catch_up() fills them */
        .sqlite = "DROP TABLE bus_ref; DROP TABLE bus_count; DELETE FROM bus_block;" PARTS(
            "BLOB", ")) WITHOUT ROWID"),
        .postgresql = "DROP TABLE bus_ref; DROP TABLE bus_count; DELETE FROM bus_block;" PARTS(
            "BYTEA", ") INCLUDE (n, places))"),
    },
    {
        /* ranges of names in one row; bus_block_catch_up() fills it again */
        .sqlite = "DROP TABLE bus_ref; DELETE FROM bus_block;" REFS("INTEGER PRIMARY KEY", "BLOB"),
        .postgresql =
            "DROP TABLE bus_ref; DELETE FROM bus_block;" REFS("BIGINT PRIMARY KEY", "BYTEA"),
    },
};

bool bus_tables_ensure(BaseDb *db, GError **error)
{
    return base_db_migrate(db, "bus", migrations, G_N_ELEMENTS(migrations), error);
}
