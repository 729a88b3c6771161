/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-rpm-transaction: what compose starts in a sandbox to run the scripts of rpms. A program of
 * its own, since linking all that atoll is made of takes longer than many a transaction.
 */
#include "tree/rpm/transaction.h"

int main(int argc, char **argv)
{
    return tree_rpm_transaction_main(argc, argv);
}
