/* The table of the kinds of input: how each is recognised, listed and read. */
#include "imgval/input/kinds.h"

#include "imgval/base/attr.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static bool is_directory(const struct iv_probe *probe)
{
    return probe->is_directory;
}

/* Anything else: what it lacks to be a package is told when it is read. */
static bool is_package(const struct iv_probe *probe)
{
    (void)probe;
    return true;
}

static void list_package(struct iv_lister *lister, const struct iv_probe *probe)
{
    const char *history = lister->options->update_history;
    lister->listing.is_single_file = true;
    if (history != NULL && strcmp(history, probe->path) == 0) {
        return; /* the history itself, of which the packages are wanted: no package file */
    }
    /* The item gets a descriptor of its own: the probe's is closed by whoever opened it. */
    int fd = fcntl(probe->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) {
        iv_lister_fault(lister, IV_FAULT_UNREADABLE, probe->path, strerror(errno));
        return;
    }
    iv_lister_item(lister, IV_ROLE_PACKAGE, iv_arena_strdup(lister->arena, probe->path), NULL, fd);
}

/* The first row that fits counts. */
const struct iv_kind_row iv_kind_rows[] = {
    {
        .kind = IV_KIND_DIRECTORY,
        .is = is_directory,
        .list = iv_directory_list,
    },
    {
        .kind = IV_KIND_FFU,
        .is = iv_ffu_probe,
        .list = iv_ffu_list,
        .read = iv_ffu_read_item,
    },
    {
        .kind = IV_KIND_VHD,
        .is = iv_vhd_probe,
        .list = iv_vhd_list,
        .read = iv_vhd_read_item,
    },
    {
        .kind = IV_KIND_WIM,
        .is = iv_wim_probe,
        .list = iv_wim_list,
        .read = iv_wim_read_item,
    },
    {.kind = IV_KIND_PACKAGE, .is = is_package, .list = list_package},
};
