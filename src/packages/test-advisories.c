/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Advisories of each kind against two packages; and cutting JSON into parts.
 */
#include "packages/advisories.h"
#include "packages/json.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const PackagesSubject debs[] = {
    {"libfoo1", "1.2-3+b1", "amd64", "foo", "1.2-3"},
    {"foo-tools", "1.2-3+b1", "amd64", "foo", "1.2-3"},
    {"bar", "2:1.0-1", "all", "bar", "2:1.0-1"},
};
static const PackagesSubject rpms[] = {
    {"libfoo", "1.2-3.fc40", "x86_64", "foo", "1.2-3.fc40"},
    {"bar", "2:1.0-1.fc40", "noarch", "bar", "2:1.0-1.fc40"},
};
static const PackagesAudit deb_audit = {"deb",      "debian", "12",
                                        "bookworm", debs,     G_N_ELEMENTS(debs)};
static const PackagesAudit rpm_audit = {"rpm", "fedora", "40", "", rpms, G_N_ELEMENTS(rpms)};

/* Findings as "ID PACKAGE SEVERITY FIXED", a line each; or the error. */
static char *match(const PackagesAudit *audit, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) findings = packages_findings_new();
    int fd = memfd_create("advisories", MFD_CLOEXEC);
    g_assert_cmpint(write(fd, text, strlen(text)), ==, strlen(text));
    g_assert_cmpint(lseek(fd, 0, SEEK_SET), ==, 0);
    bool ok = packages_advisories_match_fd(audit, fd, findings, &error);
    close(fd);
    if (!ok)
        return g_strdup_printf("error: %s", error->message);
    packages_findings_sort(findings);
    g_autoptr(GString) out = g_string_new(NULL);
    for (guint i = 0; i < findings->len; i++) {
        const PackagesFinding *finding = findings->pdata[i];
        g_string_append_printf(out, "%s %s %s %s\n", finding->id, finding->package,
                               packages_severity_name(finding->severity),
                               finding->fixed != NULL ? finding->fixed : "-");
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static void test_tracker(void)
{
#define RELEASE(status, fixed, urgency)                                                            \
    "{\"releases\":{\"sid\":{\"status\":\"open\"},\"bookworm\":{\"status\":\"" status              \
    "\",\"fixed_version\":\"" fixed "\",\"urgency\":\"" urgency "\"}}}"
    g_autofree char *found = match(
        &deb_audit,
        "{\"foo\":{\"CVE-2024-1\":" RELEASE(
            "resolved", "1.2-3",
            "high") ","
                    "\"CVE-2024-2\":" RELEASE(
                        "resolved", "1.2-4",
                        "low**") ","
                                 "\"CVE-2024-3\":" RELEASE(
                                     "open", "",
                                     "not yet assigned") ","
                                                         "\"CVE-2024-4\":" RELEASE(
                                                             "resolved", "0",
                                                             "high") ","
                                                                     "\"CVE-2024-5\":{\"releases\":"
                                                                     "{\"sid\":{\"status\":"
                                                                     "\"open\"}}},"
                                                                     "\"CVE-2024-6\":" RELEASE(
                                                                         "undetermined", "",
                                                                         "high") "},"
                                                                                 "\"other\":{\"CVE-"
                                                                                 "2024-"
                                                                                 "7\":" RELEASE(
                                                                                     "open", "",
                                                                                     "high") "},"
                                                                                             "\"bar"
                                                                                             "\":{"
                                                                                             "\"CVE"
                                                                                             "-2024"
                                                                                             "-8\""
                                                                                             ":" RELEASE(
                                                                                                 "r"
                                                                                                 "e"
                                                                                                 "s"
                                                                                                 "o"
                                                                                                 "l"
                                                                                                 "v"
                                                                                                 "e"
                                                                                                 "d",
                                                                                                 "3"
                                                                                                 "."
                                                                                                 "0"
                                                                                                 "-"
                                                                                                 "1",
                                                                                                 "h"
                                                                                                 "i"
                                                                                                 "g"
                                                                                                 "h") ","
                                                                                                      "\"CVE-2024-9\":" RELEASE(
                                                                                                          "resolved",
                                                                                                          "2:1.0-1+deb12u1",
                                                                                                          "medium") "}}");
    g_assert_cmpstr(found, ==,
                    "CVE-2024-9 bar medium 2:1.0-1+deb12u1\n"
                    "CVE-2024-2 foo low 1.2-4\n"
                    "CVE-2024-3 foo unknown -\n");
    g_autofree char *wrong =
        match(&deb_audit, "{\"foo\":{\"CVE-1\":{\"releases\":{\"trixie\":{}}}}}");
    g_assert_nonnull(strstr(wrong, "‘bookworm’"));
    g_autofree char *rpm = match(&rpm_audit, "{\"foo\":{\"CVE-1\":{}}}");
    g_assert_nonnull(strstr(rpm, "about debs"));
}

static void test_updateinfo(void)
{
    static const char text[] =
        "<?xml version=\"1.0\"?>\n<updates>"
        "<update type=\"security\" status=\"stable\"><id>U-1</id><title>one</title>"
        "<severity>Important</severity><references><reference href=\"x\" id=\"CVE-2024-1\" "
        "type=\"cve\"/></references><pkglist><collection><name>c</name>"
        "<package name=\"libfoo\" version=\"1.2\" release=\"4.fc40\" epoch=\"0\" arch=\"x86_64\"/>"
        "<package name=\"libfoo\" version=\"1.2\" release=\"4.fc40\" epoch=\"0\" arch=\"i686\"/>"
        "</collection></pkglist></update>"
        "<update type=\"security\"><id>U-2</id><title>older</title><pkglist><collection>"
        "<package name=\"bar\" version=\"9.0\" release=\"1\" epoch=\"1\" arch=\"noarch\"/>"
        "</collection></pkglist></update>"
        "<update type=\"bugfix\"><id>U-3</id><pkglist><collection>"
        "<package name=\"bar\" version=\"9\" release=\"1\" epoch=\"9\" arch=\"noarch\"/>"
        "</collection></pkglist></update></updates>";
    g_autofree char *found = match(&rpm_audit, text);
    g_assert_cmpstr(found, ==, "U-1 libfoo high 1.2-4.fc40\n");
    g_autofree char *deb = match(&deb_audit, text);
    g_assert_nonnull(strstr(deb, "about rpms"));
    g_autofree char *broken = match(&rpm_audit, "<updates><update>");
    g_assert_true(g_str_has_prefix(broken, "error: malformed updateinfo"));
}

#define OSV(id, ecosystem, name, events, more)                                                     \
    "{\"id\":\"" id "\"," more "\"affected\":[{\"package\":{\"ecosystem\":\"" ecosystem            \
    "\",\"name\":\"" name "\"},\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[" events "]}]}]}"
#define FROM(version) "{\"introduced\":\"" version "\"}"
#define FIXED(version) "{\"fixed\":\"" version "\"}"

static void test_osv(void)
{
    static const char vector[] = "\"severity\":[{\"type\":\"CVSS_V3\","
                                 "\"score\":\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"}],";
    g_autofree char *one = g_strdup_printf(
        "{\"id\":\"OSV-1\",%s\"affected\":[{\"package\":{\"ecosystem\":\"Debian:12\",\"name\":"
        "\"foo\"},\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[" FIXED("1.2-4") "," FROM(
            "0") "]}]}]}",
        vector);
    g_autofree char *single = match(&deb_audit, one);
    g_assert_cmpstr(single, ==, "OSV-1 foo critical 1.2-4\n");
    g_autofree char *list = match(
        &deb_audit,
        "[" OSV("A", "Debian:11", "foo", FROM("0"), "") "," OSV("B", "Debian", "foo", FROM("0"), "") "," OSV(
            "C", "Debian:12",
            "foo", FROM("0") "," FIXED("1.2-3"),
            "") "," OSV("D", "Debian:12", "foo",
                        FROM("0") "," FIXED("1.0-1") "," FROM("1.2-1") "," FIXED("1.2-9"),
                        "") "," OSV("E", "Debian:12",
                                    "foo", FROM("0") ",{\"last_affected\":\"1.2-3\"}",
                                    "") "," OSV("F", "Debian:12", "foo", FROM("0"),
                                                "\"withdrawn\":\"2024\",") "," OSV("G", "Debian:12",
                                                                                   "foo",
                                                                                   FROM("1.3"),
                                                                                   "") "," OSV("H",
                                                                                               "Deb"
                                                                                               "ian"
                                                                                               ":1"
                                                                                               "2",
                                                                                               "ba"
                                                                                               "r",
                                                                                               FROM(
                                                                                                   "0"),
                                                                                               "\"d"
                                                                                               "ata"
                                                                                               "bas"
                                                                                               "e_"
                                                                                               "spe"
                                                                                               "cif"
                                                                                               "ic"
                                                                                               "\":"
                                                                                               "{\""
                                                                                               "sev"
                                                                                               "eri"
                                                                                               "ty"
                                                                                               "\":"
                                                                                               "\"M"
                                                                                               "ODE"
                                                                                               "RAT"
                                                                                               "E\""
                                                                                               "},") "]");
    g_assert_cmpstr(list, ==,
                    "H bar medium -\nB foo unknown -\nD foo unknown 1.2-9\nE foo unknown -\n");
    g_autofree char *vulns =
        match(&rpm_audit, "{\"vulns\":[" OSV("R", "Fedora:40", "libfoo", FROM("0"), "") "]}");
    g_assert_cmpstr(vulns, ==, "R libfoo unknown -\n");
}

static void test_refused(void)
{
    static const char *const cases[] = {
        "",
        "hello",
        "{\"a\":1}",
        "[1,2",
        "{\"a\":[1]}x",
        "{\"a\"}",
        "{\"foo\":{\"CVE-1\":{}}",
        "[{}]",
        "{\"foo\":{\"CVE-1\":{\"releases\":[}}}",
        "[1,]",
        "{\"id\":\"x\",}",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *found = match(&deb_audit, cases[i]);
        g_assert_true(g_str_has_prefix(found, "error: "));
    }
    g_autofree char *open = g_strnfill(100000, '[');
    g_autofree char *deep = g_strdup_printf("{\"foo\":{\"CVE-1\":%s", open);
    g_autofree char *found = match(&deb_audit, deep);
    g_assert_true(g_str_has_prefix(found, "error: "));
}

static bool take(const char *name, const char *data, size_t size_bytes, void *user_data,
                 GError **error)
{
    g_string_append_printf(user_data, "%s=%.*s;", name != NULL ? name : "", (int)size_bytes, data);
    return true;
}

static void test_split(void)
{
    static const char text[] =
        " {\"a\" : [1, {\"x\":\"]}\\\"\"}] , \"b\\u0041\":\"t,x\",\"c\": -1 }\n";
    /* in one piece and byte by byte: the same parts */
    for (size_t step = 1; step < sizeof text; step += sizeof text - 2) {
        g_autoptr(GString) parts = g_string_new(NULL);
        g_autoptr(PackagesJsonSplit) split = packages_json_split_new(64, take, parts);
        for (size_t at = 0; at < sizeof text - 1; at += step)
            g_assert_true(
                packages_json_split_feed(split, text + at, MIN(step, sizeof text - 1 - at), NULL));
        g_assert_true(packages_json_split_end(split, NULL));
        g_assert_cmpstr(parts->str, ==, "a=[1, {\"x\":\"]}\\\"\"}];bA=\"t,x\";c=-1;");
    }
    g_autoptr(GString) parts = g_string_new(NULL);
    g_autoptr(PackagesJsonSplit) split = packages_json_split_new(4, take, parts);
    g_assert_false(packages_json_split_feed(split, "[\"12345\"]", 9, NULL));
}

static void test_severities(void)
{
    PackagesSeverity severity = PACKAGES_SEVERITY_LOW;
    g_assert_true(packages_severity_parse("IMPORTANT", &severity));
    g_assert_cmpint(severity, ==, PACKAGES_SEVERITY_HIGH);
    g_assert_false(packages_severity_parse("bad", &severity));
    g_assert_cmpint(packages_evr_compare("deb", "1.0~rc1", "1.0"), <, 0);
    g_assert_cmpint(packages_evr_compare("deb", "1:0.9-1", "1.0-1"), >, 0);
    g_assert_cmpint(packages_evr_compare("rpm", "1.0^git1-1", "1.0-1"), >, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/advisories/tracker", test_tracker);
    g_test_add_func("/advisories/updateinfo", test_updateinfo);
    g_test_add_func("/advisories/osv", test_osv);
    g_test_add_func("/advisories/refused", test_refused);
    g_test_add_func("/advisories/split", test_split);
    g_test_add_func("/advisories/severities", test_severities);
    return g_test_run();
}
