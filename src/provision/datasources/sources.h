/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/datasource.h"

G_BEGIN_DECLS

/* Every datasource's row; their order is in ../datasource.c. */
extern const ProvisionDatasource provision_source_akamai;
extern const ProvisionDatasource provision_source_alibaba;
extern const ProvisionDatasource provision_source_azure;
extern const ProvisionDatasource provision_source_brightbox;
extern const ProvisionDatasource provision_source_cloudcix;
extern const ProvisionDatasource provision_source_cloudstack;
extern const ProvisionDatasource provision_source_config_drive;
extern const ProvisionDatasource provision_source_digitalocean;
extern const ProvisionDatasource provision_source_e24cloud;
extern const ProvisionDatasource provision_source_ec2;
extern const ProvisionDatasource provision_source_eucalyptus;
extern const ProvisionDatasource provision_source_exoscale;
extern const ProvisionDatasource provision_source_fw_cfg;
extern const ProvisionDatasource provision_source_gce;
extern const ProvisionDatasource provision_source_hetzner;
extern const ProvisionDatasource provision_source_kernel;
extern const ProvisionDatasource provision_source_lxd;
extern const ProvisionDatasource provision_source_nocloud;
extern const ProvisionDatasource provision_source_nocloud_net;
extern const ProvisionDatasource provision_source_opennebula;
extern const ProvisionDatasource provision_source_openstack;
extern const ProvisionDatasource provision_source_oracle;
extern const ProvisionDatasource provision_source_outscale;
extern const ProvisionDatasource provision_source_ovf;
extern const ProvisionDatasource provision_source_ovirt;
extern const ProvisionDatasource provision_source_scaleway;
extern const ProvisionDatasource provision_source_tilaa;
extern const ProvisionDatasource provision_source_upcloud;
extern const ProvisionDatasource provision_source_vmware;
extern const ProvisionDatasource provision_source_vultr;
extern const ProvisionDatasource provision_source_zstack;

/** provision_ec2_network: (transfer full) (nullable): EC2's metadata as a network configuration */
GBytes *provision_ec2_network(const ProvisionValue *meta_data);

/** provision_openstack_network: (transfer full) (nullable): the same of network_data.json */
GBytes *provision_openstack_network(const ProvisionValue *network_data);

/** provision_opennebula_parse: the shell variables of context.sh, without a shell: "NAME='text'"
 * and what is like it; what is more than that is an error */
GHashTable *provision_opennebula_parse(GBytes *bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_opennebula_network: (transfer full) (nullable): ETHn_* as a network configuration */
GBytes *provision_opennebula_network(GHashTable *variables);

/** provision_azure_read_ovf: what ovf-env.xml says: host name, user, password, keys, custom data */
bool provision_azure_read_ovf(GBytes *xml, ProvisionInstance *instance,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_ovf_read: the properties of an OVF environment */
bool provision_ovf_read(GBytes *xml, ProvisionInstance *instance,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
