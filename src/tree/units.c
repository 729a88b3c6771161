/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * systemd units of a tree's own, enabled by links beside them.
 */
#include "tree/units.h"

#define UNIT_DIR "usr/lib/systemd/system/"
#define KEYGEN "atoll-sshd-keygen.service"

/* First boot makes the quick key first and says so: sshd need not wait for the slow ones then. */
static const char keygen_unit[] = "[Unit]\n"
                                  "Description=Make Missing SSH Host Keys\n"
                                  "Documentation=man:ssh-keygen(1)\n"
                                  "ConditionPathExists=|!/etc/ssh/ssh_host_rsa_key\n"
                                  "ConditionPathExists=|!/etc/ssh/ssh_host_ecdsa_key\n"
                                  "ConditionPathExists=|!/etc/ssh/ssh_host_ed25519_key\n"
                                  "ConditionPathExists=!/run/atoll/ssh-host-keys\n"
                                  "After=atoll-provision-network.service\n"
                                  "Before=ssh.service ssh.socket\n"
                                  "\n"
                                  "[Service]\n"
                                  "Type=oneshot\n"
                                  "RemainAfterExit=yes\n"
                                  "ExecStart=/usr/bin/ssh-keygen -A\n";

/* /tmp lies on the read-only root: it has to be a mount of its own. */
static bool put_tmp_mount(StoreNode *root, int repo_fd, GError **error)
{
    static const char unit[] = UNIT_DIR "tmp.mount";
    if (store_node_find(root, "usr/lib/systemd/systemd") == NULL)
        return true;
    if (store_node_find(root, unit) == NULL) {
        const StoreNode *sample = store_node_find(root, "usr/share/systemd/tmp.mount");
        if (sample == NULL)
            return true;
        store_node_put(root, unit, store_node_copy(sample));
    }
    return store_tree_put_link(root, repo_fd, UNIT_DIR "local-fs.target.wants/tmp.mount",
                               "../tmp.mount", error);
}

static bool put_sshd_keygen(StoreNode *root, int repo_fd, GError **error)
{
    if (store_node_find(root, "usr/sbin/sshd") == NULL ||
        store_node_find(root, "usr/bin/ssh-keygen") == NULL)
        return true;
    return store_tree_put_text(root, repo_fd, UNIT_DIR KEYGEN, 0644, keygen_unit, error) &&
           store_tree_put_link(root, repo_fd, UNIT_DIR "ssh.service.wants/" KEYGEN, "../" KEYGEN,
                               error) &&
           store_tree_put_link(root, repo_fd, UNIT_DIR "ssh.socket.wants/" KEYGEN, "../" KEYGEN,
                               error);
}

bool tree_units_put(StoreNode *root, int repo_fd, GError **error)
{
    return put_tmp_mount(root, repo_fd, error) && put_sshd_keygen(root, repo_fd, error);
}
