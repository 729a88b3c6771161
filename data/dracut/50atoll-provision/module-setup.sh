#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# First boot before the real root runs: Ignition's disks, files, users and units. What formats and
# encrypts is taken along when the tree has it.
# shellcheck disable=SC2154 # dracut sets moddir and systemdsystemunitdir

check() {
    [ -x /usr/libexec/atoll-provision-early ] || return 1
    return 0
}

depends() {
    echo systemd udev-rules
    # cryptsetup waits for the rules of device mapper
    if command -v cryptsetup > /dev/null && command -v dmsetup > /dev/null; then
        echo dm
    fi
    return 0
}

installkernel() {
    instmods -c qemu_fw_cfg
    instmods ext4 btrfs xfs vfat nls_cp437 nls_iso8859-1 dm_crypt dm_mod raid0 raid1 raid10 raid456
    # dm_crypt does not name the ciphers that it is asked for; algif_skcipher is how cryptsetup
    # reaches them
    instmods xts cbc essiv aesni_intel adiantum algif_skcipher algif_hash
}

install() {
    inst_multiple /usr/libexec/atoll-provision-early mount umount
    inst_multiple -o mkfs.ext4 mkfs.btrfs mkfs.xfs mkfs.vfat mkswap mdadm cryptsetup \
        clevis clevis-encrypt-sss clevis-encrypt-tpm2 clevis-encrypt-tang clevis-luks-bind
    # loaded when a signature is to be checked
    inst_libdir_file "libcrypto.so.3*"
    # the links in /dev/md are theirs, and mdadm waits for them
    inst_rules 01-md-raid-creating.rules 63-md-raid-arrays.rules
    inst_multiple -o /usr/lib/ignition/user.ign /usr/lib/ignition/base.d/*.ign \
        /usr/lib/ignition/base.platform.d/*/*.ign \
        /usr/lib/atoll/provision/trusted.ed25519.d/*
    inst_simple "$moddir/atoll-provision-early.service" \
        "$systemdsystemunitdir/atoll-provision-early.service"
    # shellcheck disable=SC2154 # dracut sets initdir
    mkdir -p "$initdir$systemdsystemunitdir/initrd.target.wants"
    ln -sf ../atoll-provision-early.service \
        "$initdir$systemdsystemunitdir/initrd.target.wants/atoll-provision-early.service"
}
