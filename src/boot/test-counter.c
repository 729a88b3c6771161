/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Every state of the counter, with one and with several deployments, as data; the environment
 * block; and that the script has each of it.
 */
#include "boot/counter.h"
#include "boot/environment.h"
#include "boot/menu.h"

#include <string.h>

typedef struct {
    const char *counter;
    unsigned n_entries;
    const char *next;
    unsigned entry;
    bool waits;
    bool gave_up;
} Row;

static const Row rows[] = {
    /* a new version gets three tries, then the one before gets three */
    {"new3", 2, "new2", 0, false, false},
    {"new2", 2, "new1", 0, false, false},
    {"new1", 2, "new0", 0, false, false},
    {"new0", 2, "old2", 1, false, false},
    {"old2", 2, "old1", 1, false, true},
    {"old1", 2, "old0", 1, false, true},
    /* and after that the menu waits before each try */
    {"old0", 2, "stop", 1, true, true},
    {"stop", 2, "stop", 1, true, true},
    /* a pinned third one changes nothing */
    {"new0", 3, "old2", 1, false, false},
    /* alone on the disk: three tries, then slowly */
    {"new3", 1, "new2", 0, false, false},
    {"new2", 1, "new1", 0, false, false},
    {"new1", 1, "new0", 0, false, false},
    {"new0", 1, "stop", 0, true, false},
    {"old2", 1, "stop", 0, true, true},
    {"old1", 1, "stop", 0, true, true},
    {"old0", 1, "stop", 0, true, true},
    {"stop", 1, "stop", 0, true, true},
    /* a menu that cannot be read */
    {"new3", 0, "new2", 0, false, false},
};

static void test_starts(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        const Row *row = &rows[i];
        BootCounter counter = BOOT_N_COUNTERS;
        g_assert_true(boot_counter_parse(row->counter, &counter));
        g_assert_cmpstr(boot_counter_name(counter), ==, row->counter);
        BootStart start = boot_counter_start(counter, row->n_entries);
        g_test_message("%s with %u", row->counter, row->n_entries);
        g_assert_cmpstr(boot_counter_name(start.next), ==, row->next);
        g_assert_cmpuint(start.entry, ==, row->entry);
        g_assert_cmpuint(start.wait_s, ==, row->waits ? BOOT_COUNTER_WAIT_S : 0);
        g_assert_true(boot_counter_gave_up(counter) == row->gave_up);
    }
}

/* Whatever happens, in how many starts is the end state reached, and is it one? */
static void test_no_loop(void)
{
    for (unsigned n_entries = 1; n_entries <= 3; n_entries++) {
        BootCounter counter = BOOT_COUNTER_NEW_3;
        unsigned n_starts[2] = {0, 0};
        while (counter != BOOT_COUNTER_STOP) {
            BootStart start = boot_counter_start(counter, n_entries);
            if (start.next != BOOT_COUNTER_STOP)
                n_starts[start.entry]++;
            g_assert_cmpint(start.next, >, counter);
            counter = start.next;
        }
        g_assert_cmpuint(n_starts[0], ==, BOOT_COUNTER_TRIES);
        g_assert_cmpuint(n_starts[1], ==, n_entries > 1 ? BOOT_COUNTER_TRIES : 0);
        g_assert_cmpint(boot_counter_start(counter, n_entries).next, ==, BOOT_COUNTER_STOP);
    }
}

static void test_tries_left(void)
{
    g_assert_cmpuint(boot_counter_tries_left(BOOT_COUNTER_NEW_3), ==, 3);
    g_assert_cmpuint(boot_counter_tries_left(BOOT_COUNTER_NEW_0), ==, 0);
    g_assert_cmpuint(boot_counter_tries_left(BOOT_COUNTER_OLD_1), ==, 1);
    BootCounter counter = BOOT_COUNTER_NEW_1;
    g_assert_false(boot_counter_parse("new4", &counter));
    g_assert_false(boot_counter_parse("", &counter));
    g_assert_false(boot_counter_parse(BOOT_COUNTER_OFF, &counter));
    g_assert_cmpint(counter, ==, BOOT_COUNTER_NEW_1);
}

static void test_environment(void)
{
    char block[BOOT_ENVIRONMENT_BYTES];
    g_autoptr(GError) error = NULL;
    for (unsigned i = 0; i < BOOT_N_COUNTERS; i++) {
        const char *name = boot_counter_name((BootCounter)i);
        boot_environment_print(BOOT_COUNTER_NAME, name, block);
        g_autofree char *value =
            boot_environment_get(block, sizeof block, BOOT_COUNTER_NAME, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(value, ==, name);
        /* all that differs is in one sector */
        for (unsigned at = 512; at < sizeof block; at++)
            g_assert_true(block[at] == '#');
    }
    g_autofree char *other = boot_environment_get(block, sizeof block, "atoll", &error);
    g_assert_cmpstr(other, ==, "");
    g_assert_null(boot_environment_get(block, sizeof block - 1, BOOT_COUNTER_NAME, &error));
    g_assert_error(error, BOOT_ERROR, BOOT_ERROR_INVALID);
}

static void test_script(void)
{
    g_autofree char *script = boot_menu_script();
    for (unsigned i = 0; i < BOOT_N_COUNTERS; i++) {
        g_autofree char *branch = g_strdup_printf("if [ \"$atoll_boot\" = %s ]; then\n",
                                                  boot_counter_name((BootCounter)i));
        g_assert_nonnull(strstr(script, branch));
    }
    g_assert_nonnull(strstr(script, "($root)/boot/loader/entries/atoll-good-$n"));
    g_assert_nonnull(strstr(script, "($root)/ostree/boot.$n/atoll-good"));
    g_assert_cmpuint(strlen(script), <, BOOT_MENU_MAX_BYTES);
    g_assert_true(boot_menu_is_own(script));
    g_assert_true(boot_menu_is_own("# Written when the disk image was made. The menu"));
    g_assert_false(boot_menu_is_own("# mine\n# Written by atoll"));
    g_assert_false(boot_menu_is_own(""));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/boot/counter/starts", test_starts);
    g_test_add_func("/boot/counter/no-loop", test_no_loop);
    g_test_add_func("/boot/counter/tries-left", test_tries_left);
    g_test_add_func("/boot/environment", test_environment);
    g_test_add_func("/boot/menu", test_script);
    return g_test_run();
}
