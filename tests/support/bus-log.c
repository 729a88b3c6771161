/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * bus-log STATE append [BATCH]: appends an event for each line of standard input, {topic, body,
 * actor, severity, objects} of which only topic is needed, BATCH in a transaction.
 * bus-log STATE read: prints every event, {seq, id, topic, actor, severity, objects, body}.
 * bus-log STATE parked SUBSCRIPTION: prints what it parked, "SEQ REASON".
 * bus-log STATE subscriptions: prints their names.
 * The database is $ATOLL_DATABASE, else atoll.db in STATE.
 */
#include "bus/canonical.h"
#include "bus/subscription.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READ_EVENTS 500

static void die(const GError *error)
{
    fprintf(stderr, "bus-log: %s\n", error->message);
    exit(1);
}

static void append_line(BusLog *log, const char *line)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonNode) node = bus_canonical_parse(line, strlen(line), &error);
    if (node == NULL)
        die(error);
    JsonObject *object = json_node_get_object(node);
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    JsonArray *array = json_object_has_member(object, "objects")
                           ? json_object_get_array_member(object, "objects")
                           : NULL;
    for (unsigned i = 0; array != NULL && i < json_array_get_length(array); i++)
        g_strv_builder_add(builder, json_array_get_string_element(array, i));
    g_auto(GStrv) objects = g_strv_builder_end(builder);
    BusDraft draft = {
        .topic = json_object_get_string_member(object, "topic"),
        .actor = json_object_get_string_member_with_default(object, "actor", "service:test"),
        .severity = (BusSeverity)json_object_get_int_member_with_default(object, "severity", 20),
        .objects = (const char *const *)objects,
        .body = json_object_has_member(object, "body")
                    ? json_object_get_object_member(object, "body")
                    : NULL,
    };
    if (!bus_append(log, &draft, 1, NULL, &error))
        die(error);
}

static void append(BusLog *log, unsigned batch)
{
    g_autoptr(GError) error = NULL;
    char *line = NULL;
    size_t size = 0;
    unsigned n = 0;
    BaseDb *db = bus_log_get_db(log);
    while (getline(&line, &size, stdin) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (n == 0 && !base_db_begin(db, &error))
            die(error);
        append_line(log, line);
        n = (n + 1) % batch;
        if (n == 0 && !base_db_commit(db, &error))
            die(error);
    }
    if (n > 0 && !base_db_commit(db, &error))
        die(error);
    free(line);
}

static void print_event(const BusEvent *event)
{
    g_autoptr(JsonObject) object = json_object_new();
    JsonArray *objects = json_array_new();
    for (size_t i = 0; event->objects[i] != NULL; i++)
        json_array_add_string_element(objects, event->objects[i]);
    json_object_set_int_member(object, "seq", (gint64)event->seq);
    json_object_set_int_member(object, "severity", event->severity);
    json_object_set_int_member(object, "time", event->time_us / G_USEC_PER_SEC);
    json_object_set_string_member(object, "id", event->id);
    json_object_set_string_member(object, "topic", event->topic);
    json_object_set_string_member(object, "actor", event->actor);
    json_object_set_string_member(object, "body", event->body);
    if (event->schema != NULL)
        json_object_set_string_member(object, "schema", event->schema);
    json_object_set_array_member(object, "objects", objects);
    g_autoptr(GString) out = g_string_new(NULL);
    if (bus_canonical_print(object, out, NULL))
        printf("%s\n", out->str);
}

static void print_all(BusLog *log)
{
    uint64_t seq = 0;
    for (;;) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) events = bus_log_read(log, seq, READ_EVENTS, &error);
        if (events == NULL)
            die(error);
        if (events->len == 0)
            return;
        for (unsigned i = 0; i < events->len; i++) {
            const BusEvent *event = g_ptr_array_index(events, i);
            seq = event->seq;
            print_event(event);
        }
    }
}

static void print_parked(BusLog *log, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) dead = bus_subscription_dead(log, name, &error);
    if (dead == NULL)
        die(error);
    for (unsigned i = 0; i < dead->len; i++) {
        const BusDead *one = g_ptr_array_index(dead, i);
        printf("%" G_GUINT64_FORMAT " %s\n", one->seq, one->reason);
    }
}

static void print_subscriptions(BusLog *log)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) all = bus_subscription_list(log, &error);
    if (all == NULL)
        die(error);
    for (unsigned i = 0; i < all->len; i++)
        printf("%s\n", ((const BusSubscription *)g_ptr_array_index(all, i))->name);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(argc, >=, 3);
    const char *url = g_getenv("ATOLL_DATABASE");
    g_autofree char *database =
        url != NULL ? g_strdup(url) : g_build_filename(argv[1], "atoll.db", NULL);
    g_assert_cmpint(g_mkdir_with_parents(argv[1], 0755), ==, 0);
    g_autoptr(BaseDb) db = base_db_open(database, &error);
    g_autoptr(BusLog) log = db != NULL ? bus_log_open(db, argv[1], &error) : NULL;
    if (log == NULL)
        die(error);
    if (strcmp(argv[2], "append") == 0)
        append(log, argc > 3 ? (unsigned)atoi(argv[3]) : 1);
    else if (strcmp(argv[2], "subscriptions") == 0)
        print_subscriptions(log);
    else if (strcmp(argv[2], "parked") == 0)
        print_parked(log, argv[3]);
    else
        print_all(log);
    return 0;
}
