/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The one table of datasources. A new one is a file in datasources/, a line in meson.build and a
 * row here.
 */
#include "provision/datasource.h"

#include "provision/datasources/sources.h"

#include <string.h>

/* Those that say by themselves that they are meant come first, and local ones before those behind
 * the network: what is there needs no waiting. SMBIOS is the same on both sides of this order. */
const ProvisionDatasource *const provision_datasources[] = {
    &provision_source_fw_cfg,       &provision_source_nocloud,
    &provision_source_nocloud_net,  &provision_source_ovirt,
    &provision_source_config_drive, &provision_source_azure,
    &provision_source_opennebula,   &provision_source_lxd,
    &provision_source_vmware,       &provision_source_ovf,
    &provision_source_digitalocean, &provision_source_hetzner,
    &provision_source_gce,          &provision_source_oracle,
    &provision_source_alibaba,      &provision_source_vultr,
    &provision_source_akamai,       &provision_source_scaleway,
    &provision_source_upcloud,      &provision_source_exoscale,
    &provision_source_cloudstack,   &provision_source_openstack,
    &provision_source_brightbox,    &provision_source_zstack,
    &provision_source_e24cloud,     &provision_source_tilaa,
    &provision_source_outscale,     &provision_source_eucalyptus,
    &provision_source_cloudcix,     &provision_source_ec2,
    &provision_source_kernel,       NULL,
};

/* What cloud-init and Ignition call them. */
static const struct {
    const char *alias;
    const char *name;
} aliases[] = {
    {"aliyun", "alibaba"},
    {"aws", "ec2"},
    {"configdrive", "config-drive"},
    {"gcp", "gce"},
    {"google", "gce"},
    {"azurestack", "azure"},
    {"kubevirt", "config-drive"},
    {"linode", "akamai"},
    {"nocloud-net", "nocloud-net"},
    {"nutanix", "config-drive"},
    {"none", "kernel"},
    {"openstack-metadata", "openstack"},
    {"powervs", "config-drive"},
    {"proxmoxve", "nocloud"},
};

const ProvisionDatasource *provision_datasource_find(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(aliases); i++)
        if (g_ascii_strcasecmp(aliases[i].alias, name) == 0)
            name = aliases[i].name;
    for (const ProvisionDatasource *const *row = provision_datasources; *row != NULL; row++)
        if (g_ascii_strcasecmp((*row)->name, name) == 0)
            return *row;
    return NULL;
}
