/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cmd/command.h"

G_BEGIN_DECLS

/** cmd_provision_cloud_init_main: the main() of the link cloud-init: status, query, schema, clean,
 * --version; what boots are made of (init, modules) is said to be ours and is no error */
int cmd_provision_cloud_init_main(int argc, char **argv);

G_END_DECLS
