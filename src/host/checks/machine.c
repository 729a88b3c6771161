/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Free space and the clock.
 */
#include "base/error.h"
#include "host/checks/check.h"
#include "host/error.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/timex.h>

typedef struct {
    uint64_t bytes;
    unsigned per_cent;
} Amount;

/* "500M", "2G", "10%" */
static bool parse_amount(const char *text, Amount *out_amount)
{
    size_t digits = text != NULL ? strspn(text, "0123456789") : 0;
    g_autofree char *number = g_strndup(text, digits);
    guint64 n = 0;
    if (digits == 0 || !g_ascii_string_to_unsigned(number, 10, 0, G_MAXUINT32, &n, NULL))
        return false;
    const char *unit = text + digits;
    *out_amount = (Amount){0};
    if (strcmp(unit, "%") == 0 && n <= 100)
        out_amount->per_cent = (unsigned)n;
    else if (strcmp(unit, "M") == 0)
        out_amount->bytes = n << 20;
    else if (strcmp(unit, "G") == 0)
        out_amount->bytes = n << 30;
    else
        return false;
    return true;
}

static char *valid_space(const char *subject, const char *detail)
{
    Amount amount;
    if (*subject != '/')
        return g_strdup("a path from the root is wanted as key");
    if (!parse_amount(detail, &amount))
        return g_strdup("an amount such as 500M, 2G or 10% is wanted");
    return NULL;
}

static bool run_space(const char *subject, const char *detail, GCancellable *cancellable,
                      GError **error)
{
    struct statvfs status;
    Amount wanted = {0};
    (void)cancellable;
    (void)parse_amount(detail, &wanted); /* was found valid */
    if (statvfs(subject, &status) != 0) {
        int saved_errno = errno;
        return base_error_set_errno(error, saved_errno, "‘%s’", subject);
    }
    uint64_t free_bytes = (uint64_t)status.f_bavail * status.f_frsize;
    uint64_t all_bytes = (uint64_t)status.f_blocks * status.f_frsize;
    uint64_t wanted_bytes = wanted.bytes + all_bytes / 100 * wanted.per_cent;
    if (free_bytes >= wanted_bytes)
        return true;
    g_autofree char *free_text = g_format_size(free_bytes);
    return host_error_set(error, HOST_ERROR_FAILED, "‘%s’ has %s free, less than %s", subject,
                          free_text, detail);
}

static bool run_time(const char *subject, const char *detail, GCancellable *cancellable,
                     GError **error)
{
    struct timex state = {0};
    (void)subject, (void)detail, (void)cancellable;
    if (adjtimex(&state) >= 0 && (state.status & STA_UNSYNC) == 0)
        return true;
    return host_error_set(error, HOST_ERROR_FAILED,
                          "the clock is not in sync with any time server");
}

const HostCheckKind host_check_free_space = {
    .name = "free-space",
    .value = HOST_CHECK_MAPPING,
    .valid = valid_space,
    .run = run_space,
    .doc = "the file system of each of these paths has so much free space",
};

const HostCheckKind host_check_time = {
    .name = "time-in-sync",
    .value = HOST_CHECK_SWITCH,
    .run = run_time,
    .doc = "the clock is in sync with a time server",
};
