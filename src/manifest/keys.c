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

static const char *const boot_locations[] = {"new", "modules", "kernel-install", NULL};
static const char *const editions[] = {"2014", "2024", NULL};
static const char *const metadata_targets[] = {"inline", "detached", "disabled", NULL};
static const char *const opt_usrlocals[] = {"var", "root", "stateoverlay", "state-overlay", NULL};
static const char *const sysusers_modes[] = {"compose-auto", "compose-forced", NULL};
static const char *const kernel_module_sets[] = {"all", "cloud", NULL};

#define CLIENT_ONLY "it belongs to a host that derives from a tree, not to a tree"

const ManifestKey manifest_keys[] = {
    {"add-commit-metadata", MANIFEST_KEY_METADATA, MANIFEST_KEY_VARIABLE, FIELD(metadata), NULL,
     "metadata for the commit"},
    {"add-files", MANIFEST_KEY_FILES, 0, FIELD(add_files), NULL,
     "files and directories to put into the tree, as [source, target] pairs"},
    {"advisories-metadata", MANIFEST_KEY_STRING, 0, FIELD(advisories_metadata), NULL,
     "where the list of advisories goes; inline unless said", metadata_targets},
    {"arch-include", MANIFEST_KEY_ARCH_INCLUDE, 0, 0, NULL,
     "manifests to build on, by architecture"},
    {"automatic-version-prefix", MANIFEST_KEY_STRING, MANIFEST_KEY_VARIABLE,
     FIELD(automatic_version_prefix), manifest_check_version_prefix,
     "start of the version that a compose gives"},
    {"automatic-version-suffix", MANIFEST_KEY_STRING, 0, FIELD(automatic_version_suffix),
     manifest_check_version_suffix,
     "character between automatic-version-prefix and the number; ‘.’ unless said"},
    {"base-refspec", MANIFEST_KEY_NOTED, 0, 0, NULL, CLIENT_ONLY},
    {"basearch", MANIFEST_KEY_STRING, 0, FIELD(basearch), manifest_check_basearch,
     "architecture of the tree, which is this machine's"},
    {"boot-location", MANIFEST_KEY_STRING, 0, FIELD(boot_location), NULL,
     "where kernels go; below /usr/lib/modules unless said", boot_locations},
    {"bootstrap-packages", MANIFEST_KEY_OLD_WORDS, 0, FIELD(packages), NULL,
     "old name of packages"},
    {"check-groups", MANIFEST_KEY_IDS, 0, FIELD(check_groups), NULL,
     "what the groups of the tree must agree with"},
    {"check-passwd", MANIFEST_KEY_IDS, 0, FIELD(check_passwd), NULL,
     "what the users of the tree must agree with"},
    {"cliwrap", MANIFEST_KEY_NOTED, 0, 0, NULL,
     "deprecated in rpm-ostree; atoll wraps no programs"},
    {"cliwrap-binaries", MANIFEST_KEY_NOTED, 0, 0, NULL,
     "deprecated in rpm-ostree; atoll wraps no programs"},
    {"conditional-include", MANIFEST_KEY_CONDITIONAL_INCLUDE, 0, 0, NULL,
     "manifests to build on when a condition on variables holds"},
    {"container", MANIFEST_KEY_BOOL, 0, FIELD(container), NULL,
     "whether the tree is for a container: no kernel, no initramfs, no labels"},
    {"container-cmd", MANIFEST_KEY_STRINGS, MANIFEST_KEY_OVERRIDES, FIELD(container_cmd), NULL,
     "command of a container image made of the tree"},
    {"container-image-reference", MANIFEST_KEY_NOTED, 0, 0, NULL, CLIENT_ONLY},
    {"custom", MANIFEST_KEY_NOTED, 0, 0, NULL, CLIENT_ONLY},
    {"default-target", MANIFEST_KEY_STRING, 0, FIELD(default_target), manifest_check_target,
     "systemd's default target"},
    {"documentation", MANIFEST_KEY_BOOL, MANIFEST_KEY_TRUE | MANIFEST_KEY_SHOWN,
     FIELD(documentation), NULL, "whether documentation stays in the tree; true unless said"},
    {"edition", MANIFEST_KEY_STRING, 0, FIELD(edition), NULL,
     "set of rpm-ostree's defaults that the manifest was written for", editions},
    {"etc-group-members", MANIFEST_KEY_STRINGS, 0, FIELD(etc_group_members), manifest_check_account,
     "groups that people are made members of"},
    {"ex-override-replace", MANIFEST_KEY_NOTED, 0, 0, NULL, CLIENT_ONLY},
    {"exclude-packages", MANIFEST_KEY_WORDS, MANIFEST_KEY_SOLVED, FIELD(exclude_packages),
     manifest_check_package, "packages that must not be in the tree"},
    {"gpg-key", MANIFEST_KEY_NOTED, 0, 0, NULL,
     "commits are signed with the ed25519 key of the state directory"},
    {"ignore-devices", MANIFEST_KEY_NOTED, 0, 0, NULL,
     "a package with device nodes is refused, and those that scripts make are dropped"},
    {"ignore-removed-groups", MANIFEST_KEY_STRINGS, 0, FIELD(ignore_removed_groups), NULL,
     "groups that check-groups does not miss; ‘*’ for all"},
    {"ignore-removed-users", MANIFEST_KEY_STRINGS, 0, FIELD(ignore_removed_users), NULL,
     "users that check-passwd does not miss; ‘*’ for all"},
    {"ima", MANIFEST_KEY_BOOL, 0, FIELD(ima), NULL,
     "whether files get the IMA signatures that rpms have of them"},
    {"include", MANIFEST_KEY_INCLUDE, 0, 0, NULL, "manifests to build on, relative to this file"},
    {"initramfs", MANIFEST_KEY_NOTED, 0, 0, NULL, CLIENT_ONLY},
    {"initramfs-args", MANIFEST_KEY_STRINGS, 0, FIELD(initramfs_args), manifest_check_argument,
     "arguments for dracut"},
    {"install-langs", MANIFEST_KEY_STRINGS, 0, FIELD(install_langs), manifest_check_locale,
     "locales to keep; all unless said"},
    {"kernel-modules", MANIFEST_KEY_STRING, 0, FIELD(kernel_modules), NULL,
     "which kernel modules stay: all, or what virtual machines need", kernel_module_sets},
    {"lockfile-repos", MANIFEST_KEY_STRINGS, MANIFEST_KEY_SOLVED, FIELD(lockfile_repos),
     manifest_check_repo_name, "repositories that only locked packages may come from"},
    {"machineid-compat", MANIFEST_KEY_BOOL, MANIFEST_KEY_TRUE, FIELD(machineid_compat), NULL,
     "whether there is an empty /etc/machine-id; true unless said"},
    {"metadata", MANIFEST_KEY_METADATA, MANIFEST_KEY_VARIABLE, FIELD(extra), NULL,
     "anything, for other programs"},
    {"modules", MANIFEST_KEY_MODULES, MANIFEST_KEY_SOLVED, FIELD(modules), NULL,
     "module streams to enable and to install"},
    {"mutate-os-release", MANIFEST_KEY_STRING, MANIFEST_KEY_VARIABLE, FIELD(mutate_os_release),
     manifest_check_not_empty, "text in os-release that the commit's version replaces"},
    {"no-initramfs", MANIFEST_KEY_BOOL, 0, FIELD(no_initramfs), NULL,
     "whether the tree goes without an initramfs"},
    {"opt-usrlocal", MANIFEST_KEY_STRING, 0, FIELD(opt_usrlocal), NULL,
     "what /opt and /usr/local are; links into /var unless said", opt_usrlocals},
    {"ostree-layers", MANIFEST_KEY_STRINGS, 0, FIELD(ostree_layers), manifest_check_ref,
     "commits to lay over the packages; a conflict is an error"},
    {"ostree-override-layers", MANIFEST_KEY_STRINGS, 0, FIELD(ostree_override_layers),
     manifest_check_ref, "commits to lay over all else"},
    {"override-commit", MANIFEST_KEY_NOTED, 0, 0, NULL, CLIENT_ONLY},
    {"override-remove", MANIFEST_KEY_NOTED, 0, 0, NULL, CLIENT_ONLY},
    {"override-replace-local", MANIFEST_KEY_NOTED, 0, 0, NULL, CLIENT_ONLY},
    {"packages", MANIFEST_KEY_WORDS, MANIFEST_KEY_SOLVED, FIELD(packages), manifest_check_package,
     "packages to install"},
    {"packages-", MANIFEST_KEY_ARCH_WORDS, 0, FIELD(packages), NULL,
     "packages to install on one architecture (packages-x86_64 or packages-amd64)"},
    {"packages-local", MANIFEST_KEY_NOTED, 0, 0, NULL, CLIENT_ONLY},
    {"packages-local-fileoverride", MANIFEST_KEY_NOTED, 0, 0, NULL, CLIENT_ONLY},
    {"platform-module", MANIFEST_KEY_STRING, MANIFEST_KEY_VARIABLE | MANIFEST_KEY_SOLVED,
     FIELD(platform_module), manifest_check_not_empty, "platform that module streams are for"},
    {"postprocess", MANIFEST_KEY_STRINGS, 0, FIELD(postprocess), manifest_check_script,
     "scripts that run in the tree at the end"},
    {"postprocess-script", MANIFEST_KEY_FILE, 0, FIELD(postprocess_script), NULL,
     "script that runs in the tree after all others"},
    {"preserve-passwd", MANIFEST_KEY_BOOL, MANIFEST_KEY_TRUE, FIELD(preserve_passwd), NULL,
     "whether users and groups keep the ids of the last commit; true unless said"},
    {"readonly-executables", MANIFEST_KEY_BOOL, 0, FIELD(readonly_executables), NULL,
     "whether programs lose their write permission"},
    {"recommends", MANIFEST_KEY_BOOL, MANIFEST_KEY_SHOWN | MANIFEST_KEY_SOLVED, FIELD(recommends),
     NULL, "whether recommended packages are installed; unless said, of rpms and not of debs"},
    {"ref", MANIFEST_KEY_STRING, MANIFEST_KEY_REQUIRED | MANIFEST_KEY_VARIABLE, FIELD(ref),
     manifest_check_ref, "branch that gets the commit"},
    {"releasever", MANIFEST_KEY_STRING, 0, FIELD(releasever), manifest_check_version_prefix,
     "release of the distribution, for ${releasever}"},
    {"remove-files", MANIFEST_KEY_STRINGS, 0, FIELD(remove_files), manifest_check_remove,
     "paths to remove from the tree, relative to its root"},
    {"remove-from-packages", MANIFEST_KEY_PATTERNS, 0, FIELD(remove_from_packages), NULL,
     "files to leave out of packages: lists of a package and regular expressions"},
    {"repo-metadata", MANIFEST_KEY_STRING, 0, FIELD(repo_metadata), NULL,
     "where the list of repositories goes; inline unless said", metadata_targets},
    {"repo-packages", MANIFEST_KEY_REPO_PACKAGES, MANIFEST_KEY_SOLVED, FIELD(repo_packages), NULL,
     "packages to install from one repository"},
    {"repos", MANIFEST_KEY_REPOS,
     MANIFEST_KEY_REQUIRED | MANIFEST_KEY_VARIABLE | MANIFEST_KEY_SOLVED, FIELD(repos), NULL,
     "repositories that packages come from"},
    {"repovars", MANIFEST_KEY_PAIRS, MANIFEST_KEY_SOLVED, FIELD(repovars), NULL,
     "values for $name in .repo files"},
    {"rojig", MANIFEST_KEY_NOTED, 0, 0, NULL, "rpm-ostree itself no longer makes rojig packages"},
    {"rpmdb", MANIFEST_KEY_NOTED, 0, 0, NULL,
     "the database is always in the form that the tree's own rpm reads"},
    {"rpmdb-normalize", MANIFEST_KEY_NOTED, 0, 0, NULL, "the database is always normalised"},
    {"selinux", MANIFEST_KEY_BOOL, MANIFEST_KEY_TRUE, FIELD(selinux), NULL,
     "whether files are labelled when the tree has a policy; true unless said"},
    {"selinux-label-version", MANIFEST_KEY_NUMBER, 0, FIELD(selinux_label_version), NULL,
     "1 labels /usr/etc as /etc, which atoll always does"},
    {"sysusers", MANIFEST_KEY_STRING, 0, FIELD(sysusers), NULL,
     "whether systemd-sysusers runs in the tree", sysusers_modes},
    {"tmp-is-dir", MANIFEST_KEY_BOOL, MANIFEST_KEY_TRUE, FIELD(tmp_is_dir), NULL,
     "whether /tmp is a directory, not a link into /sysroot; true unless said"},
    {"unconfigured-state", MANIFEST_KEY_NOTED, 0, 0, NULL, CLIENT_ONLY},
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

/* rpm-ostree still takes some keys with the "_" that they once had. */
static bool is_same_name(const char *key, const char *name)
{
    for (; *key != '\0' && (*key == *name || (*key == '-' && *name == '_')); key++)
        name++;
    return *key == '\0' && *name == '\0';
}

const ManifestKey *manifest_key_find(const char *name)
{
    size_t arch = 0;
    for (const ManifestKey *key = manifest_keys; key->name != NULL; key++) {
        bool is_same = key->kind != MANIFEST_KEY_ARCH_WORDS && is_same_name(key->name, name);
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

bool manifest_key_is_arch(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(architectures); i++) {
        if (strcmp(name, architectures[i].deb) == 0 || strcmp(name, architectures[i].kernel) == 0)
            return true;
    }
    return false;
}

bool manifest_key_arch_is_ours(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(architectures); i++) {
        if (strcmp(architectures[i].kernel, manifest_key_basearch()) == 0)
            return strcmp(name, architectures[i].deb) == 0 ||
                   strcmp(name, architectures[i].kernel) == 0;
    }
    return strcmp(name, manifest_key_basearch()) == 0;
}

bool manifest_key_arch_matches(const ManifestKey *key, const char *name)
{
    size_t arch = 0;
    return is_arch_key(key, name, &arch) &&
           strcmp(architectures[arch].kernel, manifest_key_basearch()) == 0;
}
