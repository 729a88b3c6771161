/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/instance.h"
#include "provision/platform.h"

G_BEGIN_DECLS

/**
 * ProvisionDatasourceFlags:
 * @PROVISION_DATASOURCE_LOCAL: needs no network (a volume, firmware, a socket)
 * @PROVISION_DATASOURCE_NETWORK: needs DHCP or a link-local address first
 * @PROVISION_DATASOURCE_PROBE: may be asked when nothing identified the platform
 */
typedef enum {
    PROVISION_DATASOURCE_LOCAL = 1 << 0,
    PROVISION_DATASOURCE_NETWORK = 1 << 1,
    PROVISION_DATASOURCE_PROBE = 1 << 2,
} ProvisionDatasourceFlags;

/**
 * ProvisionDatasourceEnv:
 * @platform: what identification has read
 * @root: descriptor of the root directory that /sys, /dev, /var, … are below (tests: a scratch
 *   root)
 * @endpoint: (nullable): instead of the well-known address, for tests and private clouds
 * @deadline_us: g_get_monotonic_time() at which to give up
 *
 * What a datasource works with.
 */
typedef struct {
    const ProvisionPlatform *platform;
    int root;
    const char *endpoint;
    int64_t deadline_us;
} ProvisionDatasourceEnv;

/**
 * ProvisionDatasource:
 * @name: "ec2", …; what datasource lists and instance.json call it
 * @title: for people
 * @flags: see #ProvisionDatasourceFlags
 * @matches: whether @platform is this one: no network, a few reads at the most
 * @fetch: reads everything; %PROVISION_ERROR_NOT_FOUND when there is nothing for this host (the
 *   next datasource is asked), other errors are the platform's fault and are said
 * @ready: (nullable): tells the platform that the host is up (Azure)
 *
 * One platform's way to keep first-boot configuration. A new one is a file in datasources/, a line
 * in meson.build, a row in datasource.c.
 */
typedef struct {
    const char *name;
    const char *title;
    ProvisionDatasourceFlags flags;
    bool (*matches)(const ProvisionPlatform *platform);
    bool (*fetch)(const ProvisionDatasourceEnv *env, ProvisionInstance *instance,
                  GCancellable *cancellable, GError **error);
    bool (*ready)(const ProvisionDatasourceEnv *env, const ProvisionInstance *instance,
                  GCancellable *cancellable, GError **error);
} ProvisionDatasource;

/** provision_datasources: the table, in the order of asking, %NULL-terminated */
extern const ProvisionDatasource *const provision_datasources[];

/** provision_datasource_find: (nullable): the one of that name */
const ProvisionDatasource *provision_datasource_find(const char *name);

G_END_DECLS
