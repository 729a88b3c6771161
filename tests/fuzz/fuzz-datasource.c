/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What platforms say: metadata as networks, OpenNebula's variables, XML, instance.json, the
 * kernel's arguments. The first byte chooses the reader.
 */
#include "provision/datasources/common.h"
#include "provision/datasources/sources.h"
#include "provision/netplan.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_trees(GBytes *bytes)
{
    g_autoptr(ProvisionValue) value =
        provision_value_parse("fuzz", bytes, PROVISION_VALUE_JSON, NULL);
    if (value == NULL || value->kind != PROVISION_VALUE_MAP)
        return;
    g_autoptr(GBytes) openstack = provision_openstack_network(value);
    g_autoptr(GBytes) ec2 = provision_ec2_network(value);
}

static void read_variables(GBytes *bytes)
{
    g_autoptr(GHashTable) variables = provision_opennebula_parse(bytes, NULL);
    g_autoptr(GBytes) network = variables != NULL ? provision_opennebula_network(variables) : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    g_autoptr(GBytes) bytes = g_bytes_new(data + 1, size - 1);
    g_autoptr(ProvisionInstance) instance = provision_instance_new();
    g_autofree char *text = g_strndup((const char *)data + 1, size - 1);
    switch (data[0]) {
    case 'n':
        read_trees(bytes);
        break;
    case 'v':
        read_variables(bytes);
        break;
    case 'a':
        (void)!provision_azure_read_ovf(bytes, instance, NULL);
        break;
    case 'o':
        (void)!provision_ovf_read(bytes, instance, NULL);
        break;
    case 'i': {
        g_autoptr(ProvisionInstance) kept = provision_instance_parse("fuzz", bytes, NULL);
        g_autofree char *again = kept != NULL ? provision_instance_print(kept) : NULL;
        break;
    }
    case 'k': {
        g_auto(GStrv) words = provision_platform_split_args(text);
        break;
    }
    default: {
        GBytes *decoded = provision_source_from_base64(bytes);
        g_clear_pointer(&decoded, g_bytes_unref);
        (void)!provision_netplan_prefix(text);
    }
    }
    return 0;
}
