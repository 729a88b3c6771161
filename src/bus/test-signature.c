/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/signature.h"

#include "bus/hash.h"

#include <sodium.h>
#include <string.h>

typedef struct {
    uint8_t public_key[32];
    uint8_t secret[64];
    BaseSha256 *sha256;
    unsigned n;
    char **texts;
    uint8_t (*hashes)[32];
    BusSignature *signatures;
} Batch;

static void make_batch(Batch *self, unsigned n)
{
    g_autofree BusSignature **outs = g_new0(BusSignature *, n);
    g_assert_cmpint(sodium_init(), >=, 0);
    (void)crypto_sign_ed25519_keypair(self->public_key, self->secret);
    self->sha256 = base_sha256_new();
    self->n = n;
    self->texts = g_new0(char *, n + 1);
    self->hashes = g_malloc_n(n, 32);
    self->signatures = g_new0(BusSignature, n);
    for (unsigned i = 0; i < n; i++) {
        self->texts[i] = g_strdup_printf("{\"seq\":%u}", i);
        bus_hash_text(self->sha256, self->texts[i], strlen(self->texts[i]), self->hashes[i]);
        outs[i] = &self->signatures[i];
    }
    if (n > 1)
        bus_signature_make_batch(outs, self->hashes, n, self->secret, self->sha256);
    else
        bus_signature_make(outs[0], self->secret, self->texts[0]);
}

static void clear_batch(Batch *self)
{
    base_sha256_free(self->sha256);
    g_strfreev(self->texts);
    g_free(self->hashes);
    g_free(self->signatures);
}

static bool check(Batch *self, const BusSignature *signature, unsigned i,
                  BusSignatureMemory *memory)
{
    return bus_signature_check(signature, self->texts[i], self->hashes[i], self->public_key,
                               self->sha256, memory);
}

/* Each by itself, and each after the others; and none for a text that is not its own. */
static void test_sizes(void)
{
    static const unsigned sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 31, 33, 100, 1023, 1024};
    for (unsigned s = 0; s < G_N_ELEMENTS(sizes); s++) {
        Batch batch;
        BusSignatureMemory memory = {0};
        make_batch(&batch, sizes[s]);
        for (unsigned i = 0; i < batch.n; i++) {
            const BusSignature *own = &batch.signatures[i];
            g_autoptr(GError) error = NULL;
            BusSignature again;
            g_assert_true(bus_signature_read(&again, own->bytes, own->size_bytes, &error));
            g_assert_no_error(error);
            g_assert_cmpuint(again.size_bytes, ==, own->size_bytes);
            g_assert_true(memcmp(again.bytes, own->bytes, own->size_bytes) == 0);
            g_assert_true(check(&batch, own, i, &memory));
            g_assert_true(i % 100 != 0 || check(&batch, own, i, NULL));
            g_assert_false(batch.n > 1 && check(&batch, own, (i + 1) % batch.n, &memory));
        }
        clear_batch(&batch);
    }
}

/* A single bit anywhere, also when the rest of the batch is known to be signed. */
static void test_bits(void)
{
    Batch batch;
    BusSignatureMemory memory = {0};
    make_batch(&batch, 11);
    g_assert_true(check(&batch, &batch.signatures[10], 10, &memory));
    for (unsigned i = 9; i < 11; i++) {
        for (size_t byte = 0; byte < batch.signatures[i].size_bytes; byte++) {
            BusSignature altered = batch.signatures[i];
            BusSignature taken;
            altered.bytes[byte] ^= 1;
            bool whole = bus_signature_read(&taken, altered.bytes, altered.size_bytes, NULL);
            g_assert_false(whole && check(&batch, &taken, i, &memory));
        }
    }
    /* the place and path of one, the signature of another batch */
    Batch other;
    make_batch(&other, 11);
    BusSignature mixed = batch.signatures[3];
    memcpy(mixed.bytes, other.signatures[3].bytes, 64);
    g_assert_false(check(&batch, &mixed, 3, &memory));
    /* another key's, with the same batch in memory */
    g_assert_false(bus_signature_check(&batch.signatures[3], batch.texts[3], batch.hashes[3],
                                       other.public_key, batch.sha256, &memory));
    clear_batch(&other);
    clear_batch(&batch);
}

static void test_forms(void)
{
    static const struct {
        size_t size_bytes;
        unsigned index;
        unsigned n;
        const char *error; /* NULL: it is one */
    } cases[] = {
        {64, 0, 0, NULL},
        {68 + 7 * 32, 0, 100, NULL},
        {68 + 4 * 32, 99, 100, NULL},
        {68 + 10 * 32, 1023, 1024, NULL},
        {0, 0, 0, "has 64 bytes"},
        {63, 0, 0, "has 64 bytes"},
        {65, 0, 0, "has 64 bytes"},
        {68 + 10 * 32 + 1, 0, 1024, "has 64 bytes"},
        {68, 0, 1, "2 to 1024 events"},
        {68, 0, 0, "2 to 1024 events"},
        {68 + 10 * 32, 0, 1025, "2 to 1024 events"},
        {68 + 7 * 32, 100, 100, "this place is 100 of 100"},
        {68 + 6 * 32, 0, 100, "place 0 in a batch of 100 has 7 hashes"},
        {68 + 8 * 32, 0, 100, "place 0 in a batch of 100 has 7 hashes"},
        {68 + 7 * 32 - 1, 0, 100, "has 7 hashes"},
        {68 + 7 * 32, 99, 100, "has 4 hashes"},
        {68, 0, 2, "has 1 hashes"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint8_t bytes[BUS_SIGNATURE_MAX_BYTES + 1] = {0};
        bytes[64] = (uint8_t)(cases[i].index >> 8);
        bytes[65] = (uint8_t)cases[i].index;
        bytes[66] = (uint8_t)(cases[i].n >> 8);
        bytes[67] = (uint8_t)cases[i].n;
        g_autoptr(GError) error = NULL;
        BusSignature taken = {.size_bytes = 7};
        bool ok = bus_signature_read(&taken, bytes, cases[i].size_bytes, &error);
        if (cases[i].error == NULL) {
            g_assert_no_error(error);
            g_assert_true(ok && taken.size_bytes == cases[i].size_bytes);
            continue;
        }
        g_assert_false(ok);
        g_assert_error(error, BUS_ERROR, BUS_ERROR_INVALID);
        g_assert_cmpuint(taken.size_bytes, ==, 7);
        if (strstr(error->message, cases[i].error) == NULL)
            g_error("case %u: %s", i, error->message);
    }
}

/* What is signed for a batch is no event's text, and an event's text is no batch. */
static void test_domain(void)
{
    Batch batch;
    make_batch(&batch, 2);
    BusSignature plain;
    bus_signature_make(&plain, batch.secret, batch.texts[0]);
    BusSignature both = batch.signatures[0];
    memcpy(both.bytes, plain.bytes, 64);
    g_assert_true(check(&batch, &plain, 0, NULL));
    g_assert_false(check(&batch, &both, 0, NULL));
    plain = batch.signatures[0];
    plain.size_bytes = 64;
    g_assert_false(check(&batch, &plain, 0, NULL));
    clear_batch(&batch);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bus/signature/sizes", test_sizes);
    g_test_add_func("/bus/signature/bits", test_bits);
    g_test_add_func("/bus/signature/forms", test_forms);
    g_test_add_func("/bus/signature/domain", test_domain);
    return g_test_run();
}
