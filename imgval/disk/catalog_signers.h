/* catalog_signers.h: the signers of a catalog, for catalog.c alone. */
#ifndef IMGVAL_DISK_CATALOG_SIGNERS_H
#define IMGVAL_DISK_CATALOG_SIGNERS_H

#include "imgval/disk/catalog.h"

/* Sets signature (NONE or NOT_VERIFIED) and signers from the list, the certificates and the signer
 * infos; false: a signer cannot be read. */
IV_MUST_USE bool iv_catalog_read_signers(struct iv_catalog *catalog, struct iv_arena *arena);

#endif
