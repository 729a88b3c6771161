/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * PostgreSQL by libpq: prepared statements, results in binary form, a broken connection is
 * opened again before the next transaction. The URL may hold a password: it is never printed.
 */
#include "base/db-private.h"

#include <libpq-fe.h>
#include <string.h>

#define PARAMETERS_MAX 32

typedef struct {
    BaseDb base;
    PGconn *handle;
    unsigned generation; /* of the connection: what was prepared on an older one is gone */
    unsigned next_name;
    char *channel; /* what it listens to; NULL for nothing */
} Postgresql;

typedef struct {
    BaseDbStatement base;
    char *name;
    char *text; /* with $1 in place of ?1 */
    unsigned generation;
    unsigned n_parameters;
    GBytes *values[PARAMETERS_MAX]; /* NULL for NULL */
    int formats[PARAMETERS_MAX];
    PGresult *result;
    int row;
} PostgresqlStatement;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(PGresult, PQclear)

static Postgresql *from_db(BaseDb *self)
{
    return (Postgresql *)self;
}

static PostgresqlStatement *from_statement(BaseDbStatement *self)
{
    return (PostgresqlStatement *)self;
}

static BaseDbError kind_of(const char *state)
{
    static const struct {
        const char *prefix;
        BaseDbError kind;
    } kinds[] = {
        {"23", BASE_DB_ERROR_CONSTRAINT}, {"40", BASE_DB_ERROR_BUSY}, {"55P03", BASE_DB_ERROR_BUSY},
        {"53100", BASE_DB_ERROR_FULL},    {"08", BASE_DB_ERROR_AWAY}, {"57P", BASE_DB_ERROR_AWAY},
        {"53300", BASE_DB_ERROR_AWAY},
    };
    for (unsigned i = 0; state != NULL && i < G_N_ELEMENTS(kinds); i++) {
        if (g_str_has_prefix(state, kinds[i].prefix))
            return kinds[i].kind;
    }
    return BASE_DB_ERROR_FAILED;
}

/* @result (nullable): without one the connection itself is what failed. */
static bool set_error(Postgresql *self, const PGresult *result, GError **error)
{
    BaseDbError kind =
        kind_of(result != NULL ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL);
    if (PQstatus(self->handle) == CONNECTION_BAD)
        kind = BASE_DB_ERROR_AWAY;
    const char *message =
        result != NULL ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    g_autofree char *text = g_strdup(message != NULL ? message : PQerrorMessage(self->handle));
    g_strdelimit(g_strchomp(text), "\n\t", ' ');
    g_set_error(error, BASE_DB_ERROR, kind, "the database says: %s", text);
    return false;
}

static void close_db(BaseDb *self)
{
    PQfinish(from_db(self)->handle);
    g_free(from_db(self)->channel);
    g_free(self);
}

/* ?12 becomes $12; what stands in quotes stays. */
static char *convert(const char *sql)
{
    GString *text = g_string_new(NULL);
    bool quoted = false;
    for (const char *p = sql; *p != '\0'; p++) {
        quoted = quoted != (*p == '\'');
        g_string_append_c(text, *p == '?' && !quoted ? '$' : *p);
    }
    return g_string_free(text, FALSE);
}

static bool prepare_on_server(Postgresql *self, PostgresqlStatement *statement, GError **error)
{
    g_autoptr(PGresult) result = PQprepare(self->handle, statement->name, statement->text, 0, NULL);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        return set_error(self, result, error);
    statement->generation = self->generation;
    return true;
}

static void free_statement(PostgresqlStatement *statement)
{
    for (unsigned i = 0; i < PARAMETERS_MAX; i++)
        g_clear_pointer(&statement->values[i], g_bytes_unref);
    PQclear(statement->result);
    g_free(statement->name);
    g_free(statement->text);
    g_free(statement->base.sql);
    g_free(statement);
}

static void finalize(BaseDbStatement *self)
{
    free_statement(from_statement(self));
}

static BaseDbStatement *prepare(BaseDb *self, const char *sql, GError **error)
{
    PostgresqlStatement *statement = g_new0(PostgresqlStatement, 1);
    statement->name = g_strdup_printf("s%u", from_db(self)->next_name++);
    statement->text = convert(sql);
    if (!prepare_on_server(from_db(self), statement, error)) {
        free_statement(statement);
        return NULL;
    }
    return &statement->base;
}

static void reset(BaseDbStatement *self)
{
    PostgresqlStatement *statement = from_statement(self);
    for (unsigned i = 0; i < statement->n_parameters; i++)
        g_clear_pointer(&statement->values[i], g_bytes_unref);
    statement->n_parameters = 0;
    g_clear_pointer(&statement->result, PQclear);
}

static void bind(BaseDbStatement *self, unsigned index, GBytes *value, int format)
{
    PostgresqlStatement *statement = from_statement(self);
    g_assert(index >= 1 && index <= PARAMETERS_MAX);
    g_clear_pointer(&statement->values[index - 1], g_bytes_unref);
    statement->values[index - 1] = value;
    statement->formats[index - 1] = format;
    statement->n_parameters = MAX(statement->n_parameters, index);
}

static void bind_text(BaseDbStatement *self, unsigned index, const char *value)
{
    bind(self, index, value != NULL ? g_bytes_new(value, strlen(value) + 1) : NULL, 0);
}

static void bind_int(BaseDbStatement *self, unsigned index, int64_t value)
{
    char text[24];
    g_snprintf(text, sizeof text, "%" G_GINT64_FORMAT, value);
    bind_text(self, index, text);
}

static void bind_blob(BaseDbStatement *self, unsigned index, const void *data, size_t size_bytes)
{
    bind(self, index, data != NULL ? g_bytes_new(data, size_bytes) : NULL, 1);
}

static bool run(Postgresql *self, PostgresqlStatement *statement, GError **error)
{
    if (statement->generation != self->generation && !prepare_on_server(self, statement, error))
        return false;
    const char *values[PARAMETERS_MAX];
    int lengths[PARAMETERS_MAX];
    for (unsigned i = 0; i < statement->n_parameters; i++) {
        size_t size_bytes = 0;
        GBytes *value = statement->values[i];
        values[i] = value == NULL ? NULL : g_bytes_get_data(value, &size_bytes);
        /* libpq takes NULL data as NULL: an empty blob has to point somewhere */
        if (value != NULL && values[i] == NULL)
            values[i] = "";
        lengths[i] = (int)size_bytes;
    }
    g_autoptr(PGresult) result =
        PQexecPrepared(self->handle, statement->name, (int)statement->n_parameters, values, lengths,
                       statement->formats, 1);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        return set_error(self, result, error);
    statement->result = g_steal_pointer(&result);
    statement->row = -1;
    return true;
}

static bool step(BaseDbStatement *self, bool *out_row, GError **error)
{
    PostgresqlStatement *statement = from_statement(self);
    if (statement->result == NULL && !run(from_db(self->db), statement, error))
        return false;
    statement->row++;
    *out_row = statement->row < PQntuples(statement->result);
    return true;
}

static uint64_t changed(BaseDbStatement *self)
{
    return g_ascii_strtoull(PQcmdTuples(from_statement(self)->result), NULL, 10);
}

static bool exec(BaseDb *self, const char *sql, GError **error)
{
    g_autoptr(PGresult) result = PQexec(from_db(self)->handle, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        return set_error(from_db(self), result, error);
    /* COMMIT of a transaction that failed answers ROLLBACK, and calls that success. */
    if (strcmp(sql, "COMMIT") == 0 && strcmp(PQcmdStatus(result), "COMMIT") != 0) {
        g_set_error(error, BASE_DB_ERROR, BASE_DB_ERROR_FAILED,
                    "the database rolled the transaction back");
        return false;
    }
    return true;
}

static int column(BaseDbStatement *self, const char *name)
{
    const PGresult *result = from_statement(self)->result;
    for (int i = PQnfields(result) - 1; i >= 0; i--) {
        if (strcmp(PQfname(result, i), name) == 0)
            return i;
    }
    return -1;
}

static bool is_null(BaseDbStatement *self, int index)
{
    return PQgetisnull(from_statement(self)->result, from_statement(self)->row, index) != 0;
}

static int64_t get_int(BaseDbStatement *self, int index)
{
    const PostgresqlStatement *statement = from_statement(self);
    const char *data = PQgetvalue(statement->result, statement->row, index);
    int size_bytes = PQgetlength(statement->result, statement->row, index);
    uint64_t value = 0;
    if (size_bytes > 0 && size_bytes <= 8 && (data[0] & 0x80) != 0)
        value = UINT64_MAX;
    for (int i = 0; i < size_bytes && i < 8; i++)
        value = value << 8 | (uint8_t)data[i];
    return (int64_t)value;
}

static const char *get_text(BaseDbStatement *self, int index)
{
    const PostgresqlStatement *statement = from_statement(self);
    return PQgetvalue(statement->result, statement->row, index);
}

static const void *get_blob(BaseDbStatement *self, int index, size_t *out_size_bytes)
{
    const PostgresqlStatement *statement = from_statement(self);
    *out_size_bytes = (size_t)PQgetlength(statement->result, statement->row, index);
    return PQgetvalue(statement->result, statement->row, index);
}

static bool set_up(Postgresql *self, GError **error)
{
    if (PQstatus(self->handle) != CONNECTION_OK)
        return set_error(self, NULL, error);
    if (PQsetClientEncoding(self->handle, "UTF8") != 0)
        return set_error(self, NULL, error);
    return exec(&self->base, "SET synchronous_commit TO on", error);
}

static bool revive(BaseDb *self, GError **error)
{
    Postgresql *connection = from_db(self);
    /* What the server said before it went away is read here, and the end of the stream seen. */
    if (PQstatus(connection->handle) == CONNECTION_OK && PQconsumeInput(connection->handle) == 1 &&
        PQstatus(connection->handle) == CONNECTION_OK)
        return true;
    PQreset(connection->handle);
    connection->generation++;
    g_clear_pointer(&connection->channel, g_free);
    return set_up(connection, error);
}

static bool listen_to(BaseDb *self, const char *channel, GError **error)
{
    Postgresql *connection = from_db(self);
    if (g_strcmp0(connection->channel, channel) == 0)
        return true;
    g_autofree char *sql = g_strdup_printf("LISTEN %s", channel);
    if (!exec(self, sql, error))
        return false;
    g_free(connection->channel);
    connection->channel = g_strdup(channel);
    return true;
}

static bool take_notifications(Postgresql *self)
{
    bool found = false;
    for (;;) {
        PGnotify *notify = PQnotifies(self->handle);
        if (notify == NULL)
            return found;
        PQfreemem(notify);
        found = true;
    }
}

static bool wait_for(BaseDb *self, unsigned timeout_ms, GCancellable *cancellable,
                     bool *out_changed, GError **error)
{
    Postgresql *connection = from_db(self);
    int64_t end = g_get_monotonic_time() + (int64_t)timeout_ms * 1000;
    GPollFD fds[2] = {{.fd = PQsocket(connection->handle), .events = G_IO_IN}};
    bool has_fd = g_cancellable_make_pollfd(cancellable, &fds[1]);
    bool ok = false;
    for (;;) {
        ok = PQconsumeInput(connection->handle) == 1 || set_error(connection, NULL, error);
        bool found = ok && take_notifications(connection);
        int64_t left = end - g_get_monotonic_time();
        if (!ok || found || left <= 0 || g_cancellable_is_cancelled(cancellable)) {
            *out_changed = found;
            break;
        }
        (void)g_poll(fds, has_fd ? 2 : 1, (int)(left / 1000) + 1);
    }
    if (has_fd)
        g_cancellable_release_fd(cancellable);
    return ok && !g_cancellable_set_error_if_cancelled(cancellable, error);
}

static void ignore_notice(void *data, const char *message)
{
}

static const BaseDbEngine engine = {
    .name = "postgresql",
    .close = close_db,
    .prepare = prepare,
    .finalize = finalize,
    .reset = reset,
    .bind_int = bind_int,
    .bind_text = bind_text,
    .bind_blob = bind_blob,
    .bind_kept_text = bind_text,
    .bind_kept_blob = bind_blob,
    .step = step,
    .changed = changed,
    .exec = exec,
    .column = column,
    .is_null = is_null,
    .get_int = get_int,
    .get_text = get_text,
    .get_blob = get_blob,
    .revive = revive,
    .listen = listen_to,
    .wait = wait_for,
    .begin_write = "BEGIN",
    .begin_read = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    .commit = "COMMIT",
};

BaseDb *base_db_postgresql_open(const char *url, GError **error)
{
    char *reason = NULL;
    PQconninfoOption *options = PQconninfoParse(url, &reason);
    PQfreemem(reason);
    if (options == NULL) {
        /* libpq's reason quotes the whole URL */
        g_set_error(error, BASE_DB_ERROR, BASE_DB_ERROR_FAILED,
                    "the database's URL is not well-formed; wanted "
                    "postgresql://[USER[:PASSWORD]@][HOST][:PORT]/NAME with special characters as "
                    "%%XX (it is not shown, since it may hold a password)");
        return NULL;
    }
    PQconninfoFree(options);
    Postgresql *self = g_new0(Postgresql, 1);
    self->base.engine = &engine;
    self->handle = PQconnectdb(url);
    (void)PQsetNoticeProcessor(self->handle, ignore_notice, NULL);
    if (!set_up(self, error)) {
        g_prefix_error(error, "connecting to the database: ");
        close_db(&self->base);
        return NULL;
    }
    return &self->base;
}
