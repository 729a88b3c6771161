/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The one table of manifest keys. A new key is a row here, a field in Manifest, a case in
 * tests/data/manifest and a paragraph in man/atoll-manifest.5.
 */
#include "manifest/keys.h"

#include "manifest/check.h"

#include <string.h>
#include <sys/utsname.h>

#define FIELD(member) offsetof(Manifest, member)

const ManifestKey manifest_keys[] = {
    {"add-commit-metadata", MANIFEST_KEY_METADATA, MANIFEST_KEY_VARIABLE, FIELD(metadata), NULL,
     "metadata for the commit"},
    {"add-files", MANIFEST_KEY_FILES, 0, FIELD(add_files), NULL,
     "files and directories to put into the tree, as [source, target] pairs"},
    {"automatic-version-prefix", MANIFEST_KEY_STRING, MANIFEST_KEY_VARIABLE,
     FIELD(automatic_version_prefix), manifest_check_version_prefix,
     "start of the version that a compose gives"},
    {"default-target", MANIFEST_KEY_STRING, 0, FIELD(default_target), manifest_check_target,
     "systemd's default target"},
    {"documentation", MANIFEST_KEY_BOOL, 0, FIELD(documentation), NULL,
     "whether documentation stays in the tree; true unless said"},
    {"exclude-packages", MANIFEST_KEY_WORDS, 0, FIELD(exclude_packages), manifest_check_package,
     "packages that must not be in the tree"},
    {"include", MANIFEST_KEY_INCLUDE, 0, 0, NULL, "manifests to build on, relative to this file"},
    {"install-langs", MANIFEST_KEY_STRINGS, 0, FIELD(install_langs), manifest_check_locale,
     "locales to keep; all unless said"},
    {"packages", MANIFEST_KEY_WORDS, 0, FIELD(packages), manifest_check_package,
     "packages to install"},
    {"packages-", MANIFEST_KEY_ARCH_WORDS, 0, FIELD(packages), NULL,
     "packages to install on one architecture (packages-x86_64 or packages-amd64)"},
    {"postprocess", MANIFEST_KEY_STRINGS, 0, FIELD(postprocess), manifest_check_script,
     "scripts that run in the tree at the end"},
    {"recommends", MANIFEST_KEY_BOOL, 0, FIELD(recommends), NULL,
     "whether recommended packages are installed; false unless said"},
    {"ref", MANIFEST_KEY_STRING, MANIFEST_KEY_REQUIRED | MANIFEST_KEY_VARIABLE, FIELD(ref),
     manifest_check_ref, "branch that gets the commit"},
    {"releasever", MANIFEST_KEY_STRING, 0, FIELD(releasever), manifest_check_version_prefix,
     "release of the distribution, for ${releasever}"},
    {"remove-files", MANIFEST_KEY_STRINGS, 0, FIELD(remove_files), manifest_check_remove,
     "paths to remove from the tree, relative to its root"},
    {"repos", MANIFEST_KEY_REPOS, MANIFEST_KEY_REQUIRED | MANIFEST_KEY_VARIABLE, FIELD(repos), NULL,
     "repositories that packages come from"},
    {"units", MANIFEST_KEY_STRINGS, 0, FIELD(units), manifest_check_unit,
     "systemd units to enable"},
    {"variables", MANIFEST_KEY_VARIABLES, 0, 0, NULL, "values for ${name}"},
    {0},
};

G_STATIC_ASSERT(G_N_ELEMENTS(manifest_keys) - 1 <= MANIFEST_LAYER_MAX_KEYS);

static const struct {
    const char *deb;
    const char *kernel;
} architectures[] = {
    {"amd64", "x86_64"},    {"arm64", "aarch64"}, {"armhf", "armv7l"},    {"i386", "i686"},
    {"ppc64el", "ppc64le"}, {"s390x", "s390x"},   {"riscv64", "riscv64"},
};

static bool is_arch_key(const ManifestKey *key, const char *name, size_t *out_index)
{
    size_t length = strlen(key->name);
    if (key->kind != MANIFEST_KEY_ARCH_WORDS || strncmp(name, key->name, length) != 0)
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(architectures); i++) {
        if (strcmp(name + length, architectures[i].deb) == 0 ||
            strcmp(name + length, architectures[i].kernel) == 0) {
            *out_index = i;
            return true;
        }
    }
    return false;
}

const ManifestKey *manifest_key_find(const char *name)
{
    size_t arch = 0;
    for (const ManifestKey *key = manifest_keys; key->name != NULL; key++) {
        bool is_same = key->kind != MANIFEST_KEY_ARCH_WORDS && strcmp(key->name, name) == 0;
        if (is_same || is_arch_key(key, name, &arch))
            return key;
    }
    return NULL;
}

GPtrArray *manifest_key_names(void)
{
    GPtrArray *names = g_ptr_array_new();
    for (const ManifestKey *key = manifest_keys; key->name != NULL; key++) {
        if (key->kind != MANIFEST_KEY_ARCH_WORDS) {
            g_ptr_array_add(names, (gpointer)key->name);
            continue;
        }
        for (size_t i = 0; i < G_N_ELEMENTS(architectures); i++) {
            g_autofree char *deb = g_strconcat(key->name, architectures[i].deb, NULL);
            g_autofree char *kernel = g_strconcat(key->name, architectures[i].kernel, NULL);
            g_ptr_array_add(names, (gpointer)g_intern_string(deb));
            g_ptr_array_add(names, (gpointer)g_intern_string(kernel));
        }
    }
    g_ptr_array_add(names, NULL);
    return names;
}

const char *manifest_key_basearch(void)
{
    struct utsname name;
    if (uname(&name) != 0)
        return "unknown";
    return g_intern_string(name.machine);
}

bool manifest_key_arch_matches(const ManifestKey *key, const char *name)
{
    size_t arch = 0;
    return is_arch_key(key, name, &arch) &&
           strcmp(architectures[arch].kernel, manifest_key_basearch()) == 0;
}
