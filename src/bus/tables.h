/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/db.h"

G_BEGIN_DECLS

/** bus_tables_ensure: brings the log's tables up to date */
bool bus_tables_ensure(BaseDb *db, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
