/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What an Ignition config may have, by section, and since which spec: the one table that checking
 * and merging read.
 */
#include "provision/ignition/keys.h"

#include <string.h>

#define B PROVISION_VALUE_BOOL
#define I PROVISION_VALUE_INT
#define S PROVISION_VALUE_STRING
#define L PROVISION_VALUE_LIST
#define M PROVISION_VALUE_MAP
#define REQUIRED PROVISION_IGNITION_REQUIRED
#define APPEND PROVISION_IGNITION_APPEND

#define SECTION(name, id) static const ProvisionIgnitionSection name = {name##_keys, id, NULL}

static const ProvisionIgnitionKey verification_keys[] = {{"hash", S, 0, NULL, 0}, {0}};
SECTION(verification, NULL);

static const ProvisionIgnitionKey header_keys[] = {
    {"name", S, 1, NULL, REQUIRED}, {"value", S, 1, NULL, 0}, {0}};
SECTION(header, "name");

static const ProvisionIgnitionKey resource_keys[] = {
    {"compression", S, 0, NULL, 0},
    {"httpHeaders", L, 1, &header, 0},
    {"source", S, 0, NULL, 0},
    {"verification", M, 0, &verification, 0},
    {0},
};
SECTION(resource, "source");

static const ProvisionIgnitionKey ignition_config_keys[] = {
    {"merge", L, 0, &resource, 0}, {"replace", M, 0, &resource, 0}, {0}};
SECTION(ignition_config, NULL);

static const ProvisionIgnitionKey proxy_keys[] = {
    {"httpProxy", S, 1, NULL, 0}, {"httpsProxy", S, 1, NULL, 0}, {"noProxy", L, 1, NULL, 0}, {0}};
SECTION(proxy, NULL);

static const ProvisionIgnitionKey tls_keys[] = {{"certificateAuthorities", L, 0, &resource, 0},
                                                {0}};
SECTION(tls, NULL);
static const ProvisionIgnitionKey security_keys[] = {{"tls", M, 0, &tls, 0}, {0}};
SECTION(security, NULL);

static const ProvisionIgnitionKey timeouts_keys[] = {
    {"httpResponseHeaders", I, 0, NULL, 0}, {"httpTotal", I, 0, NULL, 0}, {0}};
SECTION(timeouts, NULL);

static const ProvisionIgnitionKey ignition_keys[] = {
    {"config", M, 0, &ignition_config, 0}, {"proxy", M, 1, &proxy, 0},
    {"security", M, 0, &security, 0},      {"timeouts", M, 0, &timeouts, 0},
    {"version", S, 0, NULL, REQUIRED},     {0},
};
SECTION(ignition, NULL);

static const ProvisionIgnitionKey kargs_keys[] = {
    {"shouldExist", L, 3, NULL, 0}, {"shouldNotExist", L, 3, NULL, 0}, {0}};
static const char *const karg_lists[] = {"shouldExist", "shouldNotExist", NULL};
static const ProvisionIgnitionSection kargs = {kargs_keys, NULL, karg_lists};

static const ProvisionIgnitionKey group_keys[] = {
    {"gid", I, 0, NULL, 0},         {"name", S, 0, NULL, REQUIRED}, {"passwordHash", S, 0, NULL, 0},
    {"shouldExist", B, 2, NULL, 0}, {"system", B, 0, NULL, 0},      {0},
};
SECTION(group, "name");
static const ProvisionIgnitionKey user_keys[] = {
    {"gecos", S, 0, NULL, 0},
    {"groups", L, 0, NULL, 0},
    {"homeDir", S, 0, NULL, 0},
    {"name", S, 0, NULL, REQUIRED},
    {"noCreateHome", B, 0, NULL, 0},
    {"noLogInit", B, 0, NULL, 0},
    {"noUserGroup", B, 0, NULL, 0},
    {"passwordHash", S, 0, NULL, 0},
    {"primaryGroup", S, 0, NULL, 0},
    {"shell", S, 0, NULL, 0},
    {"shouldExist", B, 2, NULL, 0},
    {"sshAuthorizedKeys", L, 0, NULL, 0},
    {"system", B, 0, NULL, 0},
    {"uid", I, 0, NULL, 0},
    {0},
};
SECTION(user, "name");
static const ProvisionIgnitionKey passwd_keys[] = {
    {"groups", L, 0, &group, 0}, {"users", L, 0, &user, 0}, {0}};
SECTION(passwd, NULL);

static const ProvisionIgnitionKey owner_keys[] = {
    {"id", I, 0, NULL, 0}, {"name", S, 0, NULL, 0}, {0}};
SECTION(owner, NULL);

#define NODE_KEYS                                                                                  \
    {"group", M, 0, &owner, 0}, {"overwrite", B, 0, NULL, 0}, {"path", S, 0, NULL, REQUIRED},      \
    {                                                                                              \
        "user", M, 0, &owner, 0                                                                    \
    }

static const ProvisionIgnitionKey directory_keys[] = {NODE_KEYS, {"mode", I, 0, NULL, 0}, {0}};
SECTION(directory, "path");
static const ProvisionIgnitionKey file_keys[] = {
    NODE_KEYS,
    {"append", L, 0, &resource, APPEND},
    {"contents", M, 0, &resource, 0},
    {"mode", I, 0, NULL, 0},
    {0},
};
SECTION(file, "path");
static const ProvisionIgnitionKey link_section_keys[] = {
    NODE_KEYS, {"hard", B, 0, NULL, 0}, {"target", S, 0, NULL, 0}, {0}};
SECTION(link_section, "path");

static const ProvisionIgnitionKey partition_keys[] = {
    {"guid", S, 0, NULL, 0},
    {"label", S, 0, NULL, 0},
    {"number", I, 0, NULL, 0},
    {"resize", B, 2, NULL, 0},
    {"shouldExist", B, 0, NULL, 0},
    {"sizeMiB", I, 0, NULL, 0},
    {"startMiB", I, 0, NULL, 0},
    {"typeGuid", S, 0, NULL, 0},
    {"wipePartitionEntry", B, 0, NULL, 0},
    {0},
};
SECTION(partition, "number");
static const ProvisionIgnitionKey disk_keys[] = {
    {"device", S, 0, NULL, REQUIRED},
    {"partitions", L, 0, &partition, 0},
    {"wipeTable", B, 0, NULL, 0},
    {0},
};
SECTION(disk, "device");

static const ProvisionIgnitionKey filesystem_keys[] = {
    {"device", S, 0, NULL, REQUIRED},
    {"format", S, 0, NULL, 0},
    {"label", S, 0, NULL, 0},
    {"mountOptions", L, 1, NULL, APPEND},
    {"options", L, 0, NULL, APPEND},
    {"path", S, 0, NULL, 0},
    {"uuid", S, 0, NULL, 0},
    {"wipeFilesystem", B, 0, NULL, 0},
    {0},
};
SECTION(filesystem, "device");

static const ProvisionIgnitionKey cex_keys[] = {{"enabled", B, 5, NULL, 0}, {0}};
SECTION(cex, NULL);
static const ProvisionIgnitionKey custom_keys[] = {
    {"config", S, 2, NULL, 0}, {"needsNetwork", B, 2, NULL, 0}, {"pin", S, 2, NULL, 0}, {0}};
SECTION(custom, NULL);
static const ProvisionIgnitionKey tang_keys[] = {
    {"advertisement", S, 4, NULL, 0}, {"thumbprint", S, 2, NULL, 0}, {"url", S, 2, NULL, 0}, {0}};
SECTION(tang, "url");
static const ProvisionIgnitionKey clevis_keys[] = {
    {"custom", M, 2, &custom, 0},
    {"tang", L, 2, &tang, 0},
    {"threshold", I, 2, NULL, 0},
    {"tpm2", B, 2, NULL, 0},
    {0},
};
SECTION(clevis, NULL);
static const ProvisionIgnitionKey luks_keys[] = {
    {"cex", M, 5, &cex, 0},          {"clevis", M, 2, &clevis, 0},
    {"device", S, 2, NULL, 0},       {"discard", B, 4, NULL, 0},
    {"keyFile", M, 2, &resource, 0}, {"label", S, 2, NULL, 0},
    {"name", S, 2, NULL, REQUIRED},  {"openOptions", L, 4, NULL, 0},
    {"options", L, 2, NULL, APPEND}, {"uuid", S, 2, NULL, 0},
    {"wipeVolume", B, 2, NULL, 0},   {0},
};
SECTION(luks, "name");

static const ProvisionIgnitionKey raid_keys[] = {
    {"devices", L, 0, NULL, 0},      {"level", S, 0, NULL, 0},  {"name", S, 0, NULL, REQUIRED},
    {"options", L, 0, NULL, APPEND}, {"spares", I, 0, NULL, 0}, {0},
};
SECTION(raid, "name");

static const ProvisionIgnitionKey storage_keys[] = {
    {"directories", L, 0, &directory, 0},
    {"disks", L, 0, &disk, 0},
    {"files", L, 0, &file, 0},
    {"filesystems", L, 0, &filesystem, 0},
    {"links", L, 0, &link_section, 0},
    {"luks", L, 2, &luks, 0},
    {"raid", L, 0, &raid, 0},
    {0},
};
static const char *const node_lists[] = {"directories", "files", "links", NULL};
static const ProvisionIgnitionSection storage = {storage_keys, NULL, node_lists};

static const ProvisionIgnitionKey dropin_keys[] = {
    {"contents", S, 0, NULL, 0}, {"name", S, 0, NULL, REQUIRED}, {0}};
SECTION(dropin, "name");
static const ProvisionIgnitionKey unit_keys[] = {
    {"contents", S, 0, NULL, 0}, {"dropins", L, 0, &dropin, 0},  {"enabled", B, 0, NULL, 0},
    {"mask", B, 0, NULL, 0},     {"name", S, 0, NULL, REQUIRED}, {0},
};
SECTION(unit, "name");
static const ProvisionIgnitionKey systemd_keys[] = {{"units", L, 0, &unit, 0}, {0}};
SECTION(systemd, NULL);

static const ProvisionIgnitionKey config_keys[] = {
    {"ignition", M, 0, &ignition, REQUIRED},
    {"kernelArguments", M, 3, &kargs, 0},
    {"passwd", M, 0, &passwd, 0},
    {"storage", M, 0, &storage, 0},
    {"systemd", M, 0, &systemd, 0},
    {0},
};
const ProvisionIgnitionSection provision_ignition_config = {config_keys, NULL, NULL};

const ProvisionIgnitionKey *provision_ignition_key_find(const ProvisionIgnitionSection *section,
                                                        const char *name)
{
    for (const ProvisionIgnitionKey *key = section->keys; key->name != NULL; key++) {
        if (strcmp(key->name, name) == 0)
            return key;
    }
    return NULL;
}

char *provision_ignition_identity(const ProvisionIgnitionSection *section,
                                  const ProvisionValue *element)
{
    if (section == NULL)
        return element->kind == PROVISION_VALUE_STRING ? g_strdup(element->text) : NULL;
    const ProvisionValue *id =
        section->id == NULL ? NULL : provision_value_find(element, section->id);
    if (section != &partition)
        return id != NULL && id->kind == PROVISION_VALUE_STRING ? g_strdup(id->text) : NULL;
    if (id != NULL && id->kind == PROVISION_VALUE_INT && id->integer != 0)
        return g_strdup_printf("number:%" G_GINT64_FORMAT, (gint64)id->integer);
    const ProvisionValue *label = provision_value_find(element, "label");
    return label != NULL && label->kind == PROVISION_VALUE_STRING
               ? g_strconcat("label:", label->text, NULL)
               : NULL;
}
