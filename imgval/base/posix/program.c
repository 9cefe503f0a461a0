/*
 * A program on a POSIX system: bytes are passed on as they are, and '/' is the separator already.
 */
#include "imgval/base/program.h"

#include "imgval/base/error.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A descriptor 0, 1 or 2 that is closed would be given to the next file opened: a report or the
 * store could then be written over by a message. They are opened on /dev/null, 1 and 2 for reading,
 * so that writing to them is still seen to fail. */
static void hold_standard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) == -1) {
            int opened = open("/dev/null", O_RDONLY);
            if (opened != -1 && opened != fd) {
                close(opened);
            }
        }
    }
}

/* NOLINTNEXTLINE(readability-non-const-parameter): other systems change it */
struct iv_program iv_program_begin(int *argc, char ***argv, struct iv_arena *arena)
{
    (void)argc;
    (void)argv;
    (void)arena;
    hold_standard_descriptors();
    signal(SIGXFSZ, SIG_IGN); /* a limit on file sizes is a full disk: an error, not an end */
    return (struct iv_program){0};
}

void iv_program_end(const struct iv_program *program)
{
    (void)program;
}

const char *iv_program_path_variable(const char *name, struct iv_arena *arena)
{
    const char *value = getenv(name);
    return value == NULL || value[0] == '\0' ? NULL : iv_arena_strdup(arena, value);
}

const char *iv_program_path(const char *path, struct iv_arena *arena)
{
    (void)arena;
    return path;
}

size_t iv_program_path_root(const char *path)
{
    return path[0] == '/' ? 1 : 0;
}

/* SQLite takes a path that begins with "file:" for a URI. */
const char *iv_program_library_path(const char *path, struct iv_arena *arena)
{
    return iv_arena_printf(arena, "%s%s", *path == '/' ? "" : "./", path);
}

int iv_program_library_errno(int number)
{
    return number;
}

const char *iv_program_locale(void)
{
    static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < IV_COUNT(variables); i++) {
        const char *value = getenv(variables[i]);
        if (value != NULL && value[0] != '\0') {
            return value;
        }
    }
    return "C";
}

const char *iv_program_data_folder(struct iv_arena *arena, const char **ret_reason)
{
    const char *data = getenv("XDG_DATA_HOME");
    const char *home = getenv("HOME");
    if (data != NULL && data[0] == '/') { /* a relative one is to be ignored, says the standard */
        return iv_arena_strdup(arena, data);
    }
    if (home != NULL && home[0] != '\0') {
        return iv_arena_printf(arena, "%s/.local/share", home);
    }
    *ret_reason = "HOME is not set";
    return NULL;
}

/* Not iv_errno_text(): reports do not depend on the locale. */
const char *iv_errno_text(int number)
{
    const char *text = strerrordesc_np(number);
    return text == NULL ? "unknown error" : text;
}
