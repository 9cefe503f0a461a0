/*
 * The baseline store as commands use it: where it is, how it is opened, and what it means that
 * there is none.
 *
 * A command that needs a store fails without one (iv_command_fail_store()); a scan goes on, and
 * what it cannot compare is not evaluated. So the path is found without looking whether anything is
 * there, and only opening shows which case it is, by the code of the error.
 */
#include "cache/store.h"
#include "imgval/base/program.h"
#include "imgval/cli/command.h"

/* The option, the variable, the user's folder: the first that is set wins, also when no such file
 * exists. A path that is set and empty is a mistake in a script, and no store would be silently
 * used instead. */
bool iv_command_store_path(const char *given, struct iv_arena *arena, const char **ret_path,
                           struct iv_error *err)
{
    if (given != NULL) {
        if (given[0] == '\0') {
            return iv_error_set(err, IV_ERROR_USAGE, "--cache= needs the name of a file");
        }
        *ret_path = given;
        return true;
    }
    const char *path = iv_program_path_variable("IMGVAL_CACHE", arena);
    if (path != NULL) {
        *ret_path = path;
        return true;
    }
    const char *reason;
    const char *data = iv_program_data_folder(arena, &reason);
    if (data != NULL) {
        *ret_path = iv_arena_printf(arena, "%s/imgval/baselines.db", data);
        return true;
    }
    return iv_error_set(err, IV_ERROR_USAGE,
                        "no place for the baseline store: %s; name one with --cache=FILE", reason);
}

bool iv_command_store_open(const char *given, enum iv_store_mode mode, struct iv_arena *arena,
                           struct iv_store **ret_store, struct iv_error *err)
{
    const char *path = NULL;
    return iv_command_store_path(given, arena, &path, err) &&
           iv_store_open(path, mode, ret_store, err);
}
