/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads hostile fedmsg frames (the first line is the topic's), with and without signatures asked
 * for; a message is good or says why not.
 */
#include "bus/canonical.h"
#include "bus/transports/fedmsg.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An authority that has signed nothing; what it checks first is what is fuzzed. */
static const char authority[] = "-----BEGIN CERTIFICATE-----\n"
                                "MIIDATCCAemgAwIBAgIUXr6pPdjeIb/qrR+Xz4QZuCHSQCUwDQYJKoZIhvcNAQEL\n"
                                "BQAwDzENMAsGA1UEAwwEZnV6ejAgFw0yNjExMjEwMDI1MzFaGA8yMTI2MTAyODAw\n"
                                "MjUzMVowDzENMAsGA1UEAwwEZnV6ejCCASIwDQYJKoZIhvcNAQEBBQADggEPADCC\n"
                                "AQoCggEBALQ7LAKj5JqShQgqdq58zop73H5cWnC9htll0faqjOz4Hec09c3Qh6G2\n"
                                "yoDkghsKVLoct1Ru7Q3Sm/dQgRli6BBxDptYikrbN1J+48tjW2WygCP7fVZVIxwv\n"
                                "cYXqbS51na3q3707bxHr2gMt9MthkPYrf3zTaxmkTXyVXWYo4KYiTcfxo1lAtYBc\n"
                                "6YLMVjbUR3HkAB6qFpUcJhA4HN/4mZygEWCqwtzgM9QuLUpIsO3s/Fmja2FygyDG\n"
                                "KDie9J3ckrSIxUX/zx/zT43mo9O1dJaB+2HItuWRDcrfYN530ZqlQZTxISTQ18Cl\n"
                                "poPG3yX3OnE846fx92c7nMFgF1yqUCkCAwEAAaNTMFEwHQYDVR0OBBYEFCwc06J0\n"
                                "I+WJs4Dc4Pi2wvLIx0huMB8GA1UdIwQYMBaAFCwc06J0I+WJs4Dc4Pi2wvLIx0hu\n"
                                "MA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADggEBAJ4HrayK8afRR4C3\n"
                                "uJ8wKUVFgkuIvtffdXoJBzdrGRECBg1zjvFe0XH5zMdOc5q5eNW6IG9xPqoIIdkq\n"
                                "sIO/ZVwFOAypWR6/PbwMGKwKrmS+Lk50/QIPFYYcOXbuoSzRNLBKz2qrFTtSgNyf\n"
                                "QZBDJH1gBg3M5PWQ4h12UAAHOcokFH0uMxxZy1ur8NMYa6Fl6tFBq6jTuJB5jfD/\n"
                                "yAdyZwgqXMiqSZQpq9gY0Pej3yjIFqjW+aF5wGP5WiAF4CHduLDoE2FWPm6fPXy7\n"
                                "07hh8DBx9ldd6o8WZ2sCa/7nSt9Npx4rpbo1UK5WShGFPbwHiuWpNoPY1oYO0/e9\n"
                                "B24bILs=\n"
                                "-----END CERTIFICATE-----\n";

static BusFedmsgVerifier *load_verifier(void)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("fuzz-ca-XXXXXX", &path, NULL);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(write(fd, authority, strlen(authority)), ==, (gssize)strlen(authority));
    (void)close(fd);
    g_autoptr(GError) error = NULL;
    BusFedmsgVerifier *verifier = bus_fedmsg_verifier_load(path, NULL, NULL, false, &error);
    g_assert_no_error(error);
    (void)unlink(path);
    return verifier;
}

static void check(const BusMessage *message)
{
    g_assert_true((message->bad != NULL) != (message->body != NULL));
    g_assert_true(message->bad != NULL || (message->topic != NULL && message->id != NULL));
    if (message->body == NULL)
        return;
    g_autoptr(JsonNode) node = json_node_init_object(json_node_alloc(), message->body);
    g_autoptr(GString) out = g_string_new(NULL);
    bus_fedmsg_dumps(node, out);
    g_autoptr(JsonNode) again = bus_canonical_parse(out->str, out->len, NULL);
    g_assert_nonnull(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(BusFedmsgVerifier) verifier = load_verifier();
    g_autofree char *copy = g_memdup2(data, size);
    const char *end = size > 0 ? memchr(copy, '\n', size) : NULL;
    size_t topic_bytes = end != NULL ? (size_t)(end - copy) : 0;
    const char *rest = end != NULL ? end + 1 : copy;
    size_t rest_bytes = end != NULL ? size - topic_bytes - 1 : size;
    g_autoptr(BusMessage) open =
        bus_fedmsg_parse(end != NULL ? copy : NULL, topic_bytes, rest, rest_bytes, NULL);
    check(open);
    g_autoptr(BusMessage) checked = bus_fedmsg_parse(NULL, 0, rest, rest_bytes, verifier);
    g_assert_nonnull(checked->bad);
    return 0;
}
