/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Fuzzes what the host reads of its own and of servers besides commits: policies and ledgers of
 * /etc, the history, passwd files, sizes and package lists in metadata.
 */
#include "host/etc-ledger.h"
#include "host/etc-policy.h"
#include "host/history.h"
#include "host/ids.h"
#include "host/packages.h"
#include "host/sizes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_texts(const char *text, size_t size, GBytes *bytes)
{
    g_autoptr(HostEtcRules) rules = host_etc_rules_new();
    (void)!host_etc_rules_parse(rules, "fuzz", bytes, NULL);
    (void)host_etc_rules_find(rules, "/etc/issue");
    g_autoptr(GError) error = NULL;
    g_autoptr(HostEtcLedger) ledger = host_etc_ledger_parse(text, size, &error);
    if ((ledger == NULL) != (error != NULL))
        g_abort();
    for (guint i = 0; ledger != NULL && i < ledger->take->len; i++)
        if (g_strrstr(ledger->take->pdata[i], "/../") != NULL)
            g_abort();
    g_autoptr(GPtrArray) records = host_history_records_new();
    host_history_parse(text, size, records);
    for (guint i = 0; i < records->len; i++)
        g_free(host_history_end(records, i));
    const HostHistoryRecord *record = NULL;
    (void)host_history_pending(records, "running", NULL, &record);
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *passwd = g_strndup(text, size);
    g_autoptr(GVariant) wanted = g_variant_ref_sink(
        g_variant_new_parsed("{'root': uint32 0, 'mail': uint32 8, 'new': uint32 9}"));
    host_ids_compare(passwd, NULL, wanted, "user", problems);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    read_texts((const char *)data, size, bytes);
    g_autoptr(GVariant) metadata =
        g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE_VARDICT, bytes, FALSE));
    g_autoptr(GPtrArray) packages = host_packages_compare(metadata, metadata);
    HostCommit commit = {.object = NULL, .detached = metadata};
    g_autoptr(GVariant) nothing = g_variant_ref_sink(
        g_variant_new_parsed("(@a{sv} {}, @ay [], @a(say) [], '', '', uint64 0, @ay [], @ay [])"));
    commit.object = nothing;
    g_autoptr(GPtrArray) sizes = host_sizes_load(&commit);
    return 0;
}
