/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Repository signatures, judged by gpgv: we hand it the keyrings, read its status lines
 * (GnuPG's doc/DETAILS), and go on only with the text that it says was signed.
 */
#include "packages/signature.h"

#include "base/fd.h"

#include <fcntl.h>
#include <string.h>

#define MAX_KEYRING_BYTES (16u << 20)
#define MAX_SIGNED_BYTES (64u << 20)
#define BEGIN_SIGNED "-----BEGIN PGP SIGNED MESSAGE-----"
#define BEGIN_SIGNATURE "-----BEGIN PGP SIGNATURE-----"
#define END_SIGNATURE "-----END PGP SIGNATURE-----"

static bool set_bad(GError **error, const char *message)
{
    g_set_error_literal(error, PACKAGES_ERROR, PACKAGES_ERROR_SIGNATURE, message);
    return false;
}

/* --- shape --- */

/* Text outside of the signature could pose as signed text to a reader that looks less
 * closely than gpgv, so a file that has any is refused: its lines that begin with five
 * dashes must be exactly @wanted, the first at the start and nothing after the last. */
static bool check_shape(GBytes *bytes, const char *const *wanted, GError **error)
{
    size_t size_bytes = 0;
    const char *data = g_bytes_get_data(bytes, &size_bytes);
    const char *end = data + size_bytes;
    size_t n_seen = 0;
    if (size_bytes == 0 || memchr(data, '\0', size_bytes) != NULL)
        return set_bad(error, "it is no OpenPGP text");
    for (const char *at = data; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline != NULL ? newline : end;
        g_autofree char *line = g_strchomp(g_strndup(at, (size_t)(stop - at)));
        bool dashes = g_str_has_prefix(line, "-----");
        if (dashes && (wanted[n_seen] == NULL || strcmp(line, wanted[n_seen]) != 0))
            return set_bad(error, "it is not one OpenPGP signed text and nothing else");
        if (!dashes && line[0] != '\0' && (n_seen == 0 || wanted[n_seen] == NULL))
            return set_bad(error, "it has text outside of its OpenPGP signature");
        n_seen += dashes ? 1 : 0;
        at = stop + 1;
    }
    if (wanted[n_seen] != NULL)
        return set_bad(error, "its OpenPGP signature is cut short");
    return true;
}

/* --- keyrings --- */

static void add_block(GByteArray *out, const char *body, size_t size_bytes)
{
    g_autofree char *text = g_strndup(body, size_bytes);
    char *start = strstr(text, "\n\n");
    char *crlf = strstr(text, "\n\r\n");
    if (crlf != NULL && (start == NULL || crlf < start))
        start = crlf;
    if (start == NULL)
        return;
    /* The line that begins with "=" is a checksum over the data, which gpgv does not need. */
    char *checksum = strstr(start, "\n=");
    if (checksum != NULL)
        *checksum = '\0';
    size_t n = 0;
    g_autofree guchar *packets = g_base64_decode(start, &n);
    g_byte_array_append(out, packets, (guint)n);
}

GBytes *packages_signature_dearmor(GBytes *data)
{
    static const char begin[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
    static const char finish[] = "-----END PGP PUBLIC KEY BLOCK-----";
    size_t size_bytes = 0;
    const char *at = g_bytes_get_data(data, &size_bytes);
    if (at == NULL)
        return g_bytes_ref(data);
    const char *end = at + size_bytes;
    GByteArray *out = g_byte_array_new();
    while (at < end) {
        const char *start = memmem(at, (size_t)(end - at), begin, strlen(begin));
        if (start == NULL)
            break;
        start += strlen(begin);
        const char *stop = memmem(start, (size_t)(end - start), finish, strlen(finish));
        if (stop == NULL)
            break;
        add_block(out, start, (size_t)(stop - start));
        at = stop + strlen(finish);
    }
    g_autoptr(GBytes) packets = g_byte_array_free_to_bytes(out);
    return g_bytes_ref(g_bytes_get_size(packets) > 0 ? packets : data);
}

static char *write_scratch(const char *scratch_dir, const char *name, GBytes *bytes, GError **error)
{
    g_autofree char *path = g_build_filename(scratch_dir, name, NULL);
    size_t size_bytes = 0;
    const void *data = g_bytes_get_data(bytes, &size_bytes);
    if (!base_fd_replace_file(AT_FDCWD, path, data, size_bytes, 0600, BASE_FD_REPLACE_NO_SYNC,
                              error))
        return NULL;
    return g_steal_pointer(&path);
}

static bool add_keyring(GPtrArray *argv, GBytes *key, const char *scratch_dir, GError **error)
{
    g_autoptr(GBytes) packets = packages_signature_dearmor(key);
    g_autofree char *name = g_strdup_printf("keyring-%u.gpg", argv->len);
    char *path = write_scratch(scratch_dir, name, packets, error);
    if (path == NULL)
        return false;
    g_ptr_array_add(argv, g_strdup("--keyring"));
    g_ptr_array_add(argv, path);
    return true;
}

static bool add_keyrings(GPtrArray *argv, const PackagesSource *source, const char *scratch_dir,
                         GError **error)
{
    if (source->inline_key != NULL) {
        g_autoptr(GBytes) key = g_bytes_new(source->inline_key, strlen(source->inline_key));
        if (!add_keyring(argv, key, scratch_dir, error))
            return false;
    }
    for (char **path = source->keyrings; path != NULL && *path != NULL; path++) {
        g_autoptr(GBytes) key = base_fd_read_file(AT_FDCWD, *path, MAX_KEYRING_BYTES, error);
        if (key == NULL || !add_keyring(argv, key, scratch_dir, error)) {
            g_prefix_error(error, "keyring ‘%s’: ", *path);
            return false;
        }
    }
    return true;
}

/* --- gpgv's verdict --- */

typedef struct {
    unsigned n_good;
    bool has_bad;
    bool current_good;
    char *why_not;
    char *missing_key;
} Verdict;

static void verdict_clear(Verdict *self)
{
    g_free(self->why_not);
    g_free(self->missing_key);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Verdict, verdict_clear)

static bool key_counts(const PackagesSource *source, const char *key, const char *primary)
{
    if (source->fingerprints == NULL || source->fingerprints[0] == NULL)
        return true;
    for (char **wanted = source->fingerprints; *wanted != NULL; wanted++) {
        /* A "!" means this very key; without it the key's subkeys count too. */
        bool exact = g_str_has_suffix(*wanted, "!");
        size_t n = strlen(*wanted) - (exact ? 1 : 0);
        if (strlen(key) == n && g_ascii_strncasecmp(*wanted, key, n) == 0)
            return true;
        if (!exact && strlen(primary) == n && g_ascii_strncasecmp(*wanted, primary, n) == 0)
            return true;
    }
    return false;
}

static void set_why(Verdict *self, char *why)
{
    g_free(self->why_not);
    self->why_not = why;
}

/* "EXPKEYSIG KEY USER": names the key, since one of several may have to be renewed. */
static char *key_text(const char *what, char **words)
{
    g_autofree char *user = words[1] != NULL ? g_strjoinv(" ", words + 2) : g_strdup("");
    g_autofree char *valid = g_utf8_make_valid(user, -1);
    return g_strdup_printf("the key that signed it, %s (%s), %s", words[1] != NULL ? words[1] : "?",
                           valid, what);
}

/* "VALIDSIG KEY date time expiry version reserved pubkey-algo hash-algo class PRIMARY" */
static void take_valid(Verdict *self, const PackagesSource *source, char **words)
{
    if (!self->current_good || g_strv_length(words) < 11)
        return;
    guint64 hash = g_ascii_strtoull(words[8], NULL, 10);
    bool strong = hash >= 8 && hash <= 10; /* SHA-256, SHA-384, SHA-512 (RFC 4880, 9.4) */
    if (!strong)
        set_why(self, g_strdup("its signature uses a weak digest"));
    else if (!key_counts(source, words[1], words[10]))
        set_why(self,
                g_strdup("it is signed by a key of the keyring that Signed-By does not name"));
    else
        self->n_good++;
}

static void take_status(Verdict *self, const PackagesSource *source, const char *line)
{
    if (!g_str_has_prefix(line, "[GNUPG:] "))
        return;
    g_auto(GStrv) words = g_strsplit(line + strlen("[GNUPG:] "), " ", -1);
    const char *word = words[0];
    if (strcmp(word, "NEWSIG") == 0) {
        self->current_good = false;
    } else if (strcmp(word, "GOODSIG") == 0) {
        self->current_good = true;
    } else if (strcmp(word, "VALIDSIG") == 0) {
        take_valid(self, source, words);
        self->current_good = false;
    } else if (strcmp(word, "BADSIG") == 0) {
        self->has_bad = true;
        set_why(self, g_strdup("its signature is bad: the text was changed after it was signed"));
    } else if (strcmp(word, "EXPKEYSIG") == 0) {
        set_why(self, key_text("has expired", words));
    } else if (strcmp(word, "REVKEYSIG") == 0) {
        set_why(self, key_text("was revoked", words));
    } else if (strcmp(word, "EXPSIG") == 0) {
        set_why(self, g_strdup("its signature has expired"));
    } else if (strcmp(word, "NO_PUBKEY") == 0 && words[1] != NULL) {
        g_free(self->missing_key);
        self->missing_key = g_strdup(words[1]);
    }
}

static bool judge(const PackagesSource *source, const char *status, GError **error)
{
    g_auto(Verdict) verdict = {0};
    g_auto(GStrv) lines = g_strsplit(status, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
        take_status(&verdict, source, *line);
    if (verdict.n_good > 0 && !verdict.has_bad)
        return true;
    if (verdict.why_not != NULL)
        return set_bad(error, verdict.why_not);
    if (verdict.missing_key == NULL)
        return set_bad(error, "it has no signature that gpgv can read");
    g_autofree char *keyrings = g_strjoinv("’, ‘", source->keyrings);
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_SIGNATURE,
                "it is signed by key %s, which is not in the keyring%s%s%s", verdict.missing_key,
                *keyrings != '\0' ? " ‘" : "", keyrings, *keyrings != '\0' ? "’" : "");
    return false;
}

static GPtrArray *new_argv(const char *scratch_dir)
{
    GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
    const char *const head[] = {"gpgv", "--quiet", "--homedir", scratch_dir, "--status-fd", "1"};
    for (size_t i = 0; i < G_N_ELEMENTS(head); i++)
        g_ptr_array_add(argv, g_strdup(head[i]));
    return argv;
}

static bool run_gpgv(const PackagesSource *source, GPtrArray *argv, GCancellable *cancellable,
                     GError **error)
{
    g_ptr_array_add(argv, NULL);
    GSubprocessFlags flags = G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE;
    g_autoptr(GSubprocess) child =
        g_subprocess_newv((const char *const *)argv->pdata, flags, error);
    if (child == NULL) {
        g_prefix_error(error, "starting gpgv: ");
        return false;
    }
    g_autofree char *status = NULL;
    if (!g_subprocess_communicate_utf8(child, NULL, cancellable, &status, NULL, error)) {
        g_subprocess_force_exit(child);
        return false;
    }
    /* The exit status is no help: it is 2 as soon as one of several signatures is by a key
     * that we do not have, which is usual while keys roll over. */
    return judge(source, status, error);
}

GBytes *packages_signature_open(const PackagesSource *source, GBytes *clearsigned,
                                const char *scratch_dir, GCancellable *cancellable, GError **error)
{
    static const char *const shape[] = {BEGIN_SIGNED, BEGIN_SIGNATURE, END_SIGNATURE, NULL};
    if (!check_shape(clearsigned, shape, error))
        return NULL;
    g_autofree char *in = write_scratch(scratch_dir, "InRelease", clearsigned, error);
    if (in == NULL)
        return NULL;
    g_autofree char *out = g_build_filename(scratch_dir, "signed-text", NULL);
    g_autoptr(GPtrArray) argv = new_argv(scratch_dir);
    if (!add_keyrings(argv, source, scratch_dir, error))
        return NULL;
    g_ptr_array_add(argv, g_strdup("--output"));
    g_ptr_array_add(argv, g_strdup(out));
    g_ptr_array_add(argv, g_steal_pointer(&in));
    if (!base_fd_remove_tree(AT_FDCWD, out, error) || !run_gpgv(source, argv, cancellable, error))
        return NULL;
    return base_fd_read_file(AT_FDCWD, out, MAX_SIGNED_BYTES, error);
}

GBytes *packages_signature_check(const PackagesSource *source, GBytes *text, GBytes *signature,
                                 const char *scratch_dir, GCancellable *cancellable, GError **error)
{
    static const char *const shape[] = {BEGIN_SIGNATURE, END_SIGNATURE, NULL};
    if (!check_shape(signature, shape, error))
        return NULL;
    g_autofree char *in = write_scratch(scratch_dir, "Release", text, error);
    g_autofree char *detached = write_scratch(scratch_dir, "Release.gpg", signature, error);
    if (in == NULL || detached == NULL)
        return NULL;
    g_autoptr(GPtrArray) argv = new_argv(scratch_dir);
    if (!add_keyrings(argv, source, scratch_dir, error))
        return NULL;
    g_ptr_array_add(argv, g_steal_pointer(&detached));
    g_ptr_array_add(argv, g_steal_pointer(&in));
    if (!run_gpgv(source, argv, cancellable, error))
        return NULL;
    return g_bytes_ref(text);
}
