/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Holds packages against hostile advisories of any kind.
 */
#include "packages/advisories.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    static const PackagesSubject subjects[] = {{"foo", "1.2-3", "amd64", "foo", "1.2-3"}};
    PackagesAudit audit = {"deb", "debian", "12", "bookworm", subjects, 1};
    for (unsigned i = 0; i < 2; i++) {
        g_autoptr(GPtrArray) findings = packages_findings_new();
        int fd = memfd_create("advisories", MFD_CLOEXEC);
        if (write(fd, data, size_bytes) == (ssize_t)size_bytes && lseek(fd, 0, SEEK_SET) == 0 &&
            packages_advisories_match_fd(&audit, fd, findings, NULL))
            packages_findings_sort(findings);
        close(fd);
        audit.format = "rpm";
        audit.os_id = "fedora";
    }
    return 0;
}
