/*
 * What several runs of readers had in common.
 */
#include "imgval/base/sandbox.h"

void iv_containment_join(struct iv_containment *all, const struct iv_containment *one)
{
    if (!all->any) {
        *all = *one;
    } else if (one->any) {
        all->files = all->files && one->files;
        all->calls = all->calls && one->calls;
        all->limits = all->limits && one->limits;
    }
}
