/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * MESSAGE_ID of the journal's messages that somebody may want to act on: ‘journalctl
 * MESSAGE_ID=…’. They stand in atoll-host-health(8) and do not change.
 */
#define HOST_MESSAGE_GOOD "1253a6d973654b6dbca133af5498296c"      /* a version was found good */
#define HOST_MESSAGE_FELL_BACK "c53bcf90c1074eecaeaf9d44f6f5deeb" /* a version was given up */
#define HOST_MESSAGE_TRY_FAILED                                                                    \
    "99c519ebfd0e4465be111aa2c36e4c1e"                            /* one try of a version failed   \
                                                                   */
#define HOST_MESSAGE_UNHEALTHY "781fd292de074cdc939dfd10f9e55f35" /* a required check failed */
#define HOST_MESSAGE_WANTED "8b16b1fdb5b144f8b05d31040e3ed657"    /* a wanted check failed */
#define HOST_MESSAGE_LOADER                                                                        \
    "01d91e56466d49edbc480e4aceb4cb1d" /* the boot loader was changed, or could not be */
