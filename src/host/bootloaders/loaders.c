/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table of boot loaders.
 */
#include "host/bootloaders/loader.h"

const HostLoader *const host_loaders[] = {&host_loader_efi, &host_loader_bios, NULL};
