/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The head of an rpm: lead, signatures, header. librpm reads and checks them; what it takes
 * too lightly (sizes of a gigabyte, expired keys, no signature at all) is checked here.
 */
#include "packages/formats/rpm-header.h"

#include "base/error.h"
#include "packages/openpgp.h"

#include <errno.h>
#include <rpm/rpmcrypto.h>
#include <rpm/rpmio.h>
#include <rpm/rpmkeyring.h>
#include <rpm/rpmlib.h>
#include <rpm/rpmlog.h>
#include <rpm/rpmtag.h>
#include <rpm/rpmts.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LEAD_BYTES 96
#define INTRO_BYTES 16
#define ENTRY_BYTES 16
#define HEADER_MAX_BYTES (256u << 20)

static bool set_invalid(GError **error, const char *what)
{
    g_set_error_literal(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, what);
    return false;
}

/* librpm reports on standard error what it returns as well. */
static void *silence(void *unused)
{
    (void)unused;
    (void)rpmlogSetMask(RPMLOG_UPTO(RPMLOG_EMERG));
    (void)rpmInitCrypto();
    return NULL;
}

static void init_once(void)
{
    static GOnce once = G_ONCE_INIT;
    (void)g_once(&once, silence, NULL);
}

/* --- shape --- */

static uint32_t read_be32(const uint8_t *data)
{
    return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
}

/* The size of the header at @offset, whose intro is magic, reserved, entries, data bytes. */
static bool measure(int fd, uint64_t offset, uint64_t file_bytes, const char *what,
                    uint64_t *out_bytes, GError **error)
{
    static const uint8_t magic[] = {0x8e, 0xad, 0xe8, 0x01};
    uint8_t intro[INTRO_BYTES];
    if (pread(fd, intro, sizeof intro, (off_t)offset) != sizeof intro ||
        memcmp(intro, magic, sizeof magic) != 0) {
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                    "it has no %s at offset 0x%" G_GINT64_MODIFIER "x", what, offset);
        return false;
    }
    uint64_t size_bytes =
        INTRO_BYTES + (uint64_t)read_be32(intro + 8) * ENTRY_BYTES + read_be32(intro + 12);
    if (size_bytes > HEADER_MAX_BYTES || offset + size_bytes > file_bytes) {
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                    "its %s wants %" G_GUINT64_FORMAT " bytes at offset 0x%" G_GINT64_MODIFIER
                    "x of a file of %" G_GUINT64_FORMAT,
                    what, size_bytes, offset, file_bytes);
        return false;
    }
    *out_bytes = size_bytes;
    return true;
}

/* librpm takes memory by these numbers before it has read anything. */
static bool check_sizes(int fd, uint64_t *out_payload_offset, GError **error)
{
    static const uint8_t magic[] = {0xed, 0xab, 0xee, 0xdb};
    uint8_t lead[LEAD_BYTES];
    struct stat st;
    if (fstat(fd, &st) != 0)
        return base_error_set_errno(error, errno, "reading its size");
    if (pread(fd, lead, sizeof lead, 0) != sizeof lead || memcmp(lead, magic, sizeof magic) != 0)
        return set_invalid(error, "it is no rpm: it has no lead");
    uint64_t file_bytes = (uint64_t)st.st_size;
    uint64_t signature_bytes = 0;
    uint64_t header_bytes = 0;
    if (!measure(fd, LEAD_BYTES, file_bytes, "signature header", &signature_bytes, error))
        return false;
    uint64_t header = LEAD_BYTES + (signature_bytes + 7) / 8 * 8;
    if (!measure(fd, header, file_bytes, "header", &header_bytes, error))
        return false;
    *out_payload_offset = header + header_bytes;
    return true;
}

/* --- signatures --- */

typedef struct {
    rpmKeyring keyring;
    GPtrArray *bad; /* owned: PackagesOpenpgpKey that have expired or were revoked */
} Keys;

static void keys_clear(Keys *self)
{
    if (self->keyring != NULL)
        rpmKeyringFree(self->keyring);
    g_clear_pointer(&self->bad, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Keys, keys_clear)

static void add_key(rpmKeyring keyring, GBytes *packets)
{
    size_t size_bytes = 0;
    const uint8_t *data = g_bytes_get_data(packets, &size_bytes);
    rpmPubkey key = rpmPubkeyNew(data, size_bytes);
    if (key == NULL)
        return;
    int n_subkeys = 0;
    rpmPubkey *subkeys = rpmGetSubkeys(key, &n_subkeys);
    (void)rpmKeyringAddKey(keyring, key);
    for (int i = 0; i < n_subkeys; i++) {
        (void)rpmKeyringAddKey(keyring, subkeys[i]);
        rpmPubkeyFree(subkeys[i]);
    }
    free(subkeys);
    rpmPubkeyFree(key);
}

static void keys_init(Keys *self, GBytes *packets)
{
    *self = (Keys){
        .keyring = rpmKeyringNew(),
        .bad = g_ptr_array_new_with_free_func((GDestroyNotify)packages_openpgp_key_free),
    };
    if (packets == NULL)
        return;
    g_autoptr(GPtrArray) all = packages_openpgp_read_keys(packets);
    int64_t now = g_get_real_time() / G_USEC_PER_SEC;
    for (guint i = 0; i < all->len; i++) {
        PackagesOpenpgpKey *key = all->pdata[i];
        bool expired = key->expires_seconds != 0 && key->expires_seconds <= now;
        if (!expired && !key->revoked) {
            add_key(self->keyring, key->packets);
            continue;
        }
        g_ptr_array_add(self->bad, key);
        all->pdata[i] = NULL;
    }
}

/* The OpenPGP packet that signs the header. Other signatures are over what we do not use. */
static GBytes *find_signature(Header signatures)
{
    static const rpmTagVal tags[] = {RPMSIGTAG_RSA, RPMSIGTAG_DSA};
    for (size_t i = 0; i < G_N_ELEMENTS(tags); i++) {
        struct rpmtd_s td;
        if (headerGet(signatures, tags[i], &td, HEADERGET_MINMEM) == 0)
            continue;
        GBytes *packet =
            td.type == RPM_BIN_TYPE && td.count > 0 ? g_bytes_new(td.data, td.count) : NULL;
        rpmtdFreeData(&td);
        if (packet != NULL)
            return packet;
    }
    return NULL;
}

static GBytes *read_signature(int fd, GError **error)
{
    if (lseek(fd, LEAD_BYTES, SEEK_SET) < 0)
        return base_error_set_errno(error, errno, "seeking"), NULL;
    FD_t stream = fdDup(fd);
    Header signatures = stream != NULL ? headerRead(stream, HEADER_MAGIC_YES) : NULL;
    if (stream != NULL)
        (void)Fclose(stream);
    if (signatures == NULL)
        return set_invalid(error, "its signature header is damaged"), NULL;
    GBytes *packet = find_signature(signatures);
    headerFree(signatures);
    if (packet == NULL)
        g_set_error_literal(error, PACKAGES_ERROR, PACKAGES_ERROR_SIGNATURE,
                            "its header is not signed, but its repository wants that "
                            "(‘gpgcheck’)");
    return packet;
}

static bool is_by(const PackagesOpenpgpKey *key, const char *text)
{
    if (strstr(text, key->id) != NULL || strstr(text, key->id + 8) != NULL)
        return true;
    for (guint i = 0; i < key->subkeys->len; i++)
        if (strstr(text, (const char *)key->subkeys->pdata[i] + 8) != NULL)
            return true;
    return false;
}

static void set_untrusted(const Keys *keys, GBytes *signature, GError **error)
{
    size_t size_bytes = 0;
    const uint8_t *data = g_bytes_get_data(signature, &size_bytes);
    pgpDigParams params = NULL;
    char *text = NULL;
    if (pgpPrtParams(data, size_bytes, PGPTAG_SIGNATURE, &params) == 0)
        text = pgpIdentItem(params);
    pgpDigParamsFree(params);
    for (guint i = 0; text != NULL && i < keys->bad->len; i++) {
        const PackagesOpenpgpKey *key = keys->bad->pdata[i];
        if (!is_by(key, text))
            continue;
        g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(key->expires_seconds);
        g_autofree char *date = when != NULL ? g_date_time_format(when, "%F") : NULL;
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_SIGNATURE,
                    "the key that signed it, %s (%s), %s%s", key->id,
                    key->user != NULL ? key->user : "no name",
                    key->revoked ? "was revoked" : "has expired on ",
                    key->revoked || date == NULL ? "" : date);
        free(text);
        return;
    }
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_SIGNATURE,
                "no key of its repository's ‘gpgkeys’ has signed it; it has a %s",
                text != NULL ? text : "signature that cannot be read");
    free(text);
}

/* --- reading --- */

static rpmRC read_by_librpm(int fd, const Keys *keys, rpmVSFlags flags, Header *out_header)
{
    rpmts ts = rpmtsCreate();
    FD_t stream = fdDup(fd);
    (void)rpmtsSetKeyring(ts, keys->keyring);
    (void)rpmtsSetVSFlags(ts, flags);
    rpmRC rc = RPMRC_FAIL;
    if (stream != NULL) {
        rc = rpmReadPackageFile(ts, stream, NULL, out_header);
        (void)Fclose(stream);
    }
    rpmtsFree(ts);
    return rc;
}

Header packages_rpm_header_read(int fd, GBytes *keys, GError **error)
{
    uint64_t payload_offset = 0;
    init_once();
    if (!check_sizes(fd, &payload_offset, error))
        return NULL;
    g_autoptr(GBytes) signature = keys != NULL ? read_signature(fd, error) : NULL;
    if (keys != NULL && signature == NULL)
        return NULL;
    g_auto(Keys) ring = {0};
    keys_init(&ring, keys);
    if (lseek(fd, 0, SEEK_SET) < 0)
        return base_error_set_errno(error, errno, "seeking"), NULL;
    Header header = NULL;
    rpmRC rc = read_by_librpm(fd, &ring, keys == NULL ? RPMVSF_MASK_NOSIGNATURES : 0, &header);
    if (rc == RPMRC_OK && header != NULL && lseek(fd, (off_t)payload_offset, SEEK_SET) >= 0)
        return header;
    if (header != NULL)
        headerFree(header);
    if (keys != NULL && (rc == RPMRC_NOKEY || rc == RPMRC_NOTTRUSTED))
        set_untrusted(&ring, signature, error);
    else if (keys != NULL)
        g_set_error_literal(error, PACKAGES_ERROR, PACKAGES_ERROR_SIGNATURE,
                            "its header is damaged or its signature is bad");
    else
        set_invalid(error, "its header is damaged");
    return NULL;
}

bool packages_rpm_header_check(Header header, const PackagesPackage *package, GError **error)
{
    if (headerIsSource(header))
        return set_invalid(error, "it is a source package");
    const char *name = headerGetString(header, RPMTAG_NAME);
    const char *arch = headerGetString(header, RPMTAG_ARCH);
    char *evr = headerGetAsString(header, RPMTAG_EVR);
    const char *plain = evr != NULL && g_str_has_prefix(evr, "0:") ? evr + 2 : evr;
    bool fits = name != NULL && arch != NULL && plain != NULL && strcmp(name, package->name) == 0 &&
                strcmp(arch, package->arch) == 0 && strcmp(plain, package->version) == 0;
    if (!fits)
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                    "it says that it is ‘%s’ %s for %s, but its repository's metadata says ‘%s’ "
                    "%s for %s",
                    name != NULL ? name : "?", plain != NULL ? plain : "?",
                    arch != NULL ? arch : "?", package->name, package->version, package->arch);
    free(evr);
    return fits;
}
