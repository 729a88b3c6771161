/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/report.h"

G_BEGIN_DECLS

/* for “journalctl MESSAGE_ID=…”; atoll-provision(8) has it */
#define PROVISION_JOURNAL_KEY "5b2f1c0e8d7a4b6f9a3c1d2e4f5a6b70"

/** provision_journal_send: one entry, in journald's native protocol; nobody there is no error.
 * @fields: "NAME=value", …, %NULL: also MESSAGE and PRIORITY */
void provision_journal_send(const char *message_id, const char *const *fields);

/** provision_journal_record: tells of one key of @stage */
void provision_journal_record(const char *stage, const ProvisionRecord *record);

G_END_DECLS
