/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

#define PROVISION_GPT_ENTRIES 128
#define PROVISION_GPT_GUID_CHARS 36
#define PROVISION_GPT_LABEL_UNITS 36

/**
 * ProvisionGptEntry:
 * @used: whether there is such a partition
 * @start: first sector
 * @end: last sector
 * @type: GUID as text, lower case, as @guid
 * @attributes: as in the table
 * @label: UTF-8 of at most 36 UTF-16 units
 */
typedef struct {
    bool used;
    uint64_t start;
    uint64_t end;
    char type[PROVISION_GPT_GUID_CHARS + 1];
    char guid[PROVISION_GPT_GUID_CHARS + 1];
    uint64_t attributes;
    char label[4 * PROVISION_GPT_LABEL_UNITS + 1];
} ProvisionGptEntry;

/**
 * ProvisionGpt:
 * @sector_bytes: 512 or 4096
 * @n_sectors: of the disk
 * @first_usable: sector
 * @last_usable: sector
 * @guid: of the disk
 * @entries: partition N is @entries[N - 1]
 *
 * A GUID partition table (UEFI 2.10, section 5.3). A plain value.
 */
typedef struct {
    unsigned sector_bytes;
    uint64_t n_sectors;
    uint64_t first_usable;
    uint64_t last_usable;
    char guid[PROVISION_GPT_GUID_CHARS + 1];
    ProvisionGptEntry entries[PROVISION_GPT_ENTRIES];
} ProvisionGpt;

/** provision_gpt_same_entries: whether both have the same partitions */
bool provision_gpt_same_entries(const ProvisionGpt *self, const ProvisionGpt *other);

/** provision_gpt_init: an empty table for a disk; %FALSE when it is too small for one */
bool provision_gpt_init(ProvisionGpt *self, unsigned sector_bytes, uint64_t n_sectors);

/**
 * provision_gpt_parse:
 * @self: with @sector_bytes and @n_sectors of the disk; gets the rest
 * @header: a sector; hostile
 * @entries: what the header's table of entries is, 128 of 128 bytes
 *
 * Returns: whether it is a whole and sound table
 */
bool provision_gpt_parse(ProvisionGpt *self, const uint8_t *header, const uint8_t *entries);

/**
 * ProvisionGptFound:
 * @PROVISION_GPT_NONE: the disk has no partition table at all
 * @PROVISION_GPT_OTHER: it has another kind (MBR)
 * @PROVISION_GPT_GOOD: it has this one
 */
typedef enum { PROVISION_GPT_NONE, PROVISION_GPT_OTHER, PROVISION_GPT_GOOD } ProvisionGptFound;

/** provision_gpt_load: reads the table of the disk (or image) @fd; the second copy when the first
 * is damaged. Without one @self is as by provision_gpt_init() */
bool provision_gpt_load(ProvisionGpt *self, int fd, ProvisionGptFound *out_found,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_gpt_save: writes both copies and the protective MBR, and fsyncs */
bool provision_gpt_save(const ProvisionGpt *self, int fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_gpt_erase: takes every partition table away, whatever kind */
bool provision_gpt_erase(const ProvisionGpt *self, int fd,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
