/*
 * What base/windows knows and no other system has: words of a command line, paths, devices, names
 * that are no UTF-16, and the files that a parent opens for its readers. The pipe of a reader is
 * spoken to from here, as one that was taken over might.
 */
#include "tests/unit/unit.h"

#include "imgval/base/look.h"
#include "imgval/base/process.h"
#include "imgval/base/program.h"
#include "imgval/base/sandbox.h"
#include "imgval/base/windows/native.h"
#include "imgval/base/windows/opening.h"

#include <errno.h>
#include <stdlib.h>
#include <wchar.h>

/* ---- words, paths and names ---- */

static void test_words(void)
{
    static const struct {
        const wchar_t *line;
        const char *words; /* each with a | after it */
    } rows[] = {
        {L"imgval", "imgval|"},
        {L"imgval  scan\tv1 ", "imgval|scan|v1|"},
        {L"\"C:\\Program Files\\imgval.exe\" scan", "C:\\Program Files\\imgval.exe|scan|"},
        {L"x \"a b\" c", "x|a b|c|"},
        {L"x a\"b c\"d", "x|ab cd|"},
        {L"x \"\" y", "x||y|"},
        {L"x C:\\dir\\ y", "x|C:\\dir\\|y|"},
        {L"x \"C:\\a dir\\\\\" y", "x|C:\\a dir\\|y|"},
        {L"x \"C:\\a dir\\\" y", "x|C:\\a dir\" y|"},
        {L"x a\\\\b a\\\"b \\\\\"c d\"", "x|a\\\\b|a\"b|\\c d|"},
        {L"x \"a\"\"b\"", "x|a\"b|"},
        {L"", "|"},
    };
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    for (size_t i = 0; i < IV_COUNT(rows); i++) {
        struct iv_buf got IV_CLEANUP(iv_buf_fini) = {0};
        int count;
        char **words = iv_win_words(rows[i].line, &count, &arena);
        for (int k = 0; k < count; k++) {
            iv_buf_printf(&got, "%s|", words[k]);
        }
        CHECK_STR(iv_buf_text(&got), rows[i].words);
    }
}

static void test_devices(void)
{
    static const struct {
        const char *path;
        enum iv_win_kind kind;
    } rows[] = {
        {"NUL", IV_WIN_NUL},         {"nul.txt", IV_WIN_NUL},      {"C:/x/NUL", IV_WIN_NUL},
        {"x\\nul", IV_WIN_NUL},      {"C:NUL", IV_WIN_NUL},        {"NUL ", IV_WIN_NUL},
        {"con", IV_WIN_DEVICE},      {"con.cab", IV_WIN_DEVICE},   {"fw/COM1.spkg", IV_WIN_DEVICE},
        {"lpt9", IV_WIN_DEVICE},     {"CONIN$", IV_WIN_DEVICE},    {"AUX:", IV_WIN_DEVICE},
        {"COM10.cab", IV_WIN_FILE},  {"COMx.cab", IV_WIN_FILE},    {"null", IV_WIN_FILE},
        {"NUL/x.spkg", IV_WIN_FILE}, {"console.cab", IV_WIN_FILE}, {"", IV_WIN_FILE},
    };
    for (size_t i = 0; i < IV_COUNT(rows); i++) {
        CHECK_INT(iv_win_kind(rows[i].path), rows[i].kind);
    }
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_status status;
    errno = 0;
    CHECK(iv_win_path("con.cab", &arena) == NULL && errno == EINVAL);
    CHECK(iv_win_path("\\\\.\\COM1", &arena) == NULL && errno == EINVAL);
    CHECK(iv_win_path("", &arena) == NULL && errno == ENOENT);
    CHECK(iv_file_open("CON", &status) == -1 && errno == EINVAL);
    CHECK(iv_look_at("COM1", &status) == IV_LOOK_FOUND && status.type == IV_FILE_OTHER);
}

static void test_paths(void)
{
    static const struct {
        const char *path;
        const wchar_t *whole;
    } rows[] = {
        {"C:/a/b.cab", L"\\\\?\\C:\\a\\b.cab"},
        {"C:\\a/../b", L"\\\\?\\C:\\b"},
        {"\\\\server\\share\\fw", L"\\\\?\\UNC\\server\\share\\fw"},
        {"//server/share/fw", L"\\\\?\\UNC\\server\\share\\fw"},
        {"\\\\?\\C:\\a", L"\\\\?\\C:\\a"},
        {"C:", L"\\\\?\\C:\\"},
        {"//?/C:", L"\\\\?\\C:\\"},
        {"//?/UNC/server/share", L"\\\\?\\UNC\\server\\share"},
        {"C:/z\xc3\xa9", L"\\\\?\\C:\\z\u00e9"},
    };
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    for (size_t i = 0; i < IV_COUNT(rows); i++) {
        const wchar_t *got = iv_win_path(rows[i].path, &arena);
        CHECK(got != NULL && wcscmp(got, rows[i].whole) == 0);
    }
    char longer[1200] = "C:";
    while (strlen(longer) + 11 < sizeof(longer)) {
        strcat(longer, "/0123456789");
    }
    const wchar_t *got = iv_win_path(longer, &arena);
    CHECK(got != NULL && wcslen(got) == strlen(longer) + 4);
}

static void test_roots(void)
{
    static const struct {
        const char *typed;
        const char *path;
        size_t root;
    } rows[] = {
        {"C:\\a\\b", "C:/a/b", 3},
        {"C:\\", "C:/", 3},
        {"C:a\\b", "C:./a/b", 2},
        {"c:", "c:.", 2},
        {"\\a", "/a", 1},
        {"a/b", "a/b", 0},
        {"\\\\server\\share\\a", "//server/share/a", 15},
        {"\\\\server\\share", "//server/share", 14},
        {"\\\\?\\C:\\a", "//?/C:/a", 7},
        {"\\\\?\\UNC\\server\\share\\a", "//?/UNC/server/share/a", 21},
    };
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    for (size_t i = 0; i < IV_COUNT(rows); i++) {
        const char *path = iv_program_path(rows[i].typed, &arena);
        CHECK_STR(path, rows[i].path);
        CHECK_INT(iv_program_path_root(path), rows[i].root);
    }
}

static void test_text(void)
{
    static const wchar_t names[][4] = {{L'a', 0xD83D, 0xDE00, 0},
                                       {0xD800, L'b', 0, 0},
                                       {L'b', 0xDC00, 0, 0},
                                       {0xDC00, 0xD800, 0, 0}};
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    for (size_t i = 0; i < IV_COUNT(names); i++) {
        size_t length;
        char *text = iv_win_text(names[i], wcslen(names[i]), &arena);
        const wchar_t *back = iv_win_wide(text, strlen(text), &arena, &length);
        CHECK(length == wcslen(names[i]) && wcscmp(back, names[i]) == 0);
    }
    CHECK_STR(iv_win_text(L"\xD800"
                          L"b",
                          2, &arena),
              "\xED\xA0\x80"
              "b");
}

/* ---- what a parent opens ---- */

struct place {
    int root;
    struct iv_win_opener *opener;
    HANDLE pipe; /* the reader's end */
};

static void make(const char *path, const char *text)
{
    struct iv_error err = {0};
    CHECK(iv_file_replace(path, text, strlen(text), &err));
}

static bool place_open(struct place *place)
{
    bool lists;
    CHECK(iv_file_make_folder("opening"));
    CHECK(iv_file_make_folder("opening/given"));
    CHECK(iv_file_make_folder("opening/given/folder"));
    make("opening/outside", "outside");
    make("opening/given/inside", "inside");
    make("opening/given/folder/deep", "deep");
    place->root = iv_look_open("opening/given", &lists);
    place->pipe = INVALID_HANDLE_VALUE;
    place->opener = place->root < 0 ? NULL : iv_win_opener_open(&place->root, 1, &place->pipe);
    return CHECK(place->opener != NULL);
}

static void place_close(struct place *place)
{
    iv_win_close(&place->pipe);
    iv_win_opener_close(&place->opener);
    iv_fd_close(&place->root);
}

/* False: the parent hung up. */
static bool say(const struct place *place, const void *bytes, size_t size)
{
    DWORD done;
    if (!WriteFile(place->pipe, bytes, (DWORD)size, &done, NULL)) {
        return false;
    }
    WaitForSingleObject(iv_win_opener_event(place->opener), 5000);
    return iv_win_opener_serve(place->opener, GetCurrentProcess());
}

static size_t question(HANDLE directory, const char *path, uint64_t want, char *bytes)
{
    struct iv_win_question head = {.directory = (uint64_t)(uintptr_t)directory, .want = want};
    memcpy(bytes, &head, sizeof(head));
    memcpy(bytes + sizeof(head), path, strlen(path));
    return sizeof(head) + strlen(path);
}

/* The handle; INVALID_HANDLE_VALUE with errno. */
static HANDLE ask(const struct place *place, HANDLE directory, const char *path, uint64_t want)
{
    char bytes[512];
    struct iv_win_answer answer;
    DWORD done;
    errno = EPIPE;
    if (!say(place, bytes, question(directory, path, want, bytes)) ||
        !ReadFile(place->pipe, &answer, sizeof(answer), &done, NULL) || done != sizeof(answer)) {
        return INVALID_HANDLE_VALUE;
    }
    errno = (int)answer.number;
    return answer.number == 0 ? (HANDLE)(uintptr_t)answer.handle : INVALID_HANDLE_VALUE;
}

static void check_holds(HANDLE handle, const char *text)
{
    char got[32] = "";
    DWORD done = 0;
    CHECK(ReadFile(handle, got, sizeof(got) - 1, &done, NULL));
    CHECK_STR(got, text);
    CHECK(!WriteFile(handle, "x", 1, &done, NULL));
    CloseHandle(handle);
}

static void check_refused(const struct place *place, HANDLE directory, const char *path, int why)
{
    CHECK(ask(place, directory, path, IV_WIN_WANT_FILE) == INVALID_HANDLE_VALUE);
    CHECK_INT(errno, why);
}

static void test_opening(void)
{
    struct place place;
    if (!place_open(&place)) {
        return;
    }
    HANDLE root = iv_win_handle(place.root);
    check_holds(ask(&place, root, "inside", IV_WIN_WANT_FILE), "inside");
    check_holds(ask(&place, root, "folder/deep", IV_WIN_WANT_FILE), "deep");
    HANDLE folder = ask(&place, root, "folder", IV_WIN_WANT_FOLDER);
    check_holds(ask(&place, folder, "deep", IV_WIN_WANT_FILE), "deep");

    check_refused(&place, root, "nothing", ENOENT);
    check_refused(&place, root, "../outside", EXDEV);
    check_refused(&place, root, "folder/../../outside", EXDEV);
    check_refused(&place, root, "..\\outside", ENOENT);
    check_refused(&place, root, "/windows/win.ini", EXDEV);
    check_refused(&place, root, "\\??\\C:\\windows\\win.ini", EXDEV);
    check_refused(&place, root, "C:/windows/win.ini", ENOENT);
    check_refused(&place, NULL, "inside", EBADF);
    check_refused(&place, INVALID_HANDLE_VALUE, "inside", EBADF);

    /* A directory that the process has open, but was not given. */
    bool lists;
    int other IV_CLEANUP(iv_fd_close) = iv_look_open("opening", &lists);
    check_refused(&place, iv_win_handle(other), "outside", EBADF);

    /* Of the folders opened for it the last few count. */
    HANDLE later[8];
    for (size_t i = 0; i < IV_COUNT(later); i++) {
        later[i] = ask(&place, root, "folder", IV_WIN_WANT_FOLDER);
    }
    check_refused(&place, folder, "deep", EBADF);
    check_holds(ask(&place, later[0], "deep", IV_WIN_WANT_FILE), "deep");
    for (size_t i = 0; i < IV_COUNT(later); i++) {
        CloseHandle(later[i]);
    }
    CloseHandle(folder);
    place_close(&place);
}

/* The parent hangs up, and never waits. */
static void test_hanging_up(void)
{
    char bytes[512];
    struct iv_win_answer answer;
    DWORD done;
    for (int kind = 0; kind < 4; kind++) {
        struct place place;
        if (!place_open(&place)) {
            return;
        }
        HANDLE root = iv_win_handle(place.root);
        size_t size = question(root, "inside", IV_WIN_WANT_FILE, bytes);
        switch (kind) {
        case 0: /* no question */
            size = 3;
            break;
        case 1: /* a path with a NUL */
            bytes[size - 2] = '\0';
            break;
        case 2: /* for what nothing is opened */
            size = question(root, "inside", 99, bytes);
            break;
        default: /* one that takes no answers; far more than there is room for */
            for (int i = 0; i < 10000 && say(&place, bytes, size); i++) {
            }
            break;
        }
        if (kind < 3) {
            CHECK(say(&place, bytes, size));
            CHECK(!ReadFile(place.pipe, &answer, sizeof(answer), &done, NULL));
        }
        CHECK(!say(&place, bytes, size));
        place_close(&place);
    }
}

/* ---- a process, with as little as there is and with more ---- */

/* What the process says: how it reads, and whether it could. */
struct answer {
    char opens; /* 'p': its parent; 's': itself */
    char is_read;
    char is_refused;
    char text[8];
};

/* In the process: reads the file of the charge, beneath the directory of the charge. */
static int read_for_parent(void)
{
    struct iv_win_reader reader;
    struct iv_containment got;
    struct answer answer = {0};
    const void *bytes;
    size_t size;
    uint64_t numbers[2];
    if (!iv_win_reader(&reader) || !iv_process_charge(&bytes, &size) || size < sizeof(numbers)) {
        return 3;
    }
    memcpy(numbers, bytes, sizeof(numbers));
    iv_sandbox_enter(NULL, 0, NULL, &got);
    int root = iv_process_file_in(numbers[0]);
    uint64_t length = 0;
    enum iv_file_type type;
    while (iv_process_read(&numbers[1], sizeof(numbers[1]))) {
        int fd IV_CLEANUP(iv_fd_close) = iv_file_open_at(root, "inside", &type, &length);
        answer.opens = reader.opening != NULL ? 'p' : 's';
        answer.is_read = iv_file_read_at(fd, answer.text, 6, 0) == 6;
        int outside IV_CLEANUP(iv_fd_close) = iv_file_open_at(root, "../outside", &type, &length);
        answer.is_refused = outside < 0;
        iv_process_write(&answer, sizeof(answer), "", 0);
    }
    return 0;
}

static void check_process(int root, bool is_eased)
{
    struct iv_limits limits = iv_limits_default();
    struct iv_buf charge IV_CLEANUP(iv_buf_fini) = {0};
    uint64_t numbers[2] = {iv_process_file_out(root), 0};
    iv_buf_add(&charge, numbers, sizeof(numbers));
    const struct iv_process_start start = {.charge = &charge,
                                           .directories = &root,
                                           .directory_count = 1,
                                           .limits = &limits,
                                           .is_eased = is_eased};
    struct iv_process *process = iv_process_start(&start);
    if (!CHECK(process != NULL)) {
        return;
    }
    struct answer answer = {0};
    for (int round = 0; round < 2; round++) {
        size_t done = 0;
        CHECK(iv_process_send(process, &numbers[1], sizeof(numbers[1])));
        for (int wait = 0; wait < 100 && done < sizeof(answer); wait++) {
            bool is_ready = false;
            CHECK(iv_process_wait(&process, 1, 200, &is_ready));
            int64_t got = is_ready ? iv_process_receive(process, (char *)&answer + done,
                                                        sizeof(answer) - done)
                                   : 0;
            done += got > 0 ? (size_t)got : 0;
        }
        CHECK_INT(done, sizeof(answer));
        CHECK_INT(answer.opens, is_eased ? 's' : 'p');
        CHECK_STR(answer.text, "inside");
        CHECK(answer.is_read && answer.is_refused);
    }
    char reason[80];
    iv_process_send_end(process);
    iv_process_stop(&process, reason, sizeof(reason));
    CHECK(process == NULL && reason[0] != '\0');
}

static void test_processes(void)
{
    struct place place;
    if (place_open(&place)) {
        check_process(place.root, false);
        check_process(place.root, true);
    }
    place_close(&place);
}

int main(void)
{
    struct iv_win_reader reader;
    if (iv_win_reader(&reader)) {
        return read_for_parent();
    }
    test_processes();
    test_words();
    test_devices();
    test_paths();
    test_roots();
    test_text();
    test_opening();
    test_hanging_up();
    return unit_end();
}
