/*
 * mkvolume: puts a directory tree into a volume image, with no mount and no rights: for tests.
 * NTFS is written with libntfs-3g on top of mkntfs, FAT with mkfs.fat and mtools, WIM with
 * wimlib-imagex. What is missing on the machine ends with status 77, as tests skip.
 */
#ifdef MKVOLUME_NTFS
#include "ntfs_write.h"
#endif

#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SKIP 77
#define EXTRAS_MAX 4096

static const char help[] =
    "usage: mkvolume [OPTION...] KIND SIZE TREE OUT\n"
    "\n"
    "Puts the directory TREE into a new volume image OUT of SIZE bytes (suffixes K, M, G).\n"
    "\n"
    "KIND  ntfs            plain files\n"
    "      ntfs-sparse     zeros, 64 KiB aligned, are holes\n"
    "      ntfs-fragments  the clusters of a file lie in reverse order: as many runs\n"
    "      ntfs-lznt1      files compressed with LZNT1\n"
    "      ntfs-xpress4k ntfs-xpress8k ntfs-xpress16k ntfs-lzx\n"
    "                      \"compact\" (WOF) files; below 4 KiB, or when they do not shrink: plain\n"
    "      fat12 fat16 fat32\n"
    "      wim-none wim-xpress wim-lzx wim-lzms wim-solid\n"
    "                      SIZE is not looked at; an OUT that is a WIM gets one more image\n"
    "\n"
    "In NTFS a symbolic link of the tree becomes a reparse point: a junction when its target\n"
    "starts with '/', else a symbolic link. NTFS clusters have 4 KiB. FAT: 32 MiB or more for\n"
    "fat16, 64 MiB or more for fat32.\n"
    "\n"
    "Options, for NTFS, any number of times, in order, when the tree is written:\n"
    "  --attributes PATH=NUMBER    sets file attribute bits (0x4000: encrypted)\n"
    "  --reparse PATH=TAG:HEX      replaces the reparse point (numbers in hexadecimal)\n"
    "  --stream PATH:NAME=FILE     adds a named stream with the content of FILE\n"
    "  --link PATH=NAME            one more name in the same directory (a hard link)\n"
    "  --short PATH=NAME           a short name, in 8.3 form\n"
    "  --cluster BYTES             bytes in a cluster (for ntfs-lznt1: 512 to 4096)\n"
    "  --sector BYTES              bytes in a sector; with 4096, records have as many\n"
    "\n"
    "Status 0: made; 1: failed; 2: wrong arguments; 77: a tool or library is not there.\n";

extern char **environ;

static bool run_tool(const char *const *words, bool *ret_missing)
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (strcmp(words[0], "mkntfs") == 0) { /* wonders aloud that an image is no device */
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    }
    pid_t child;
    int failed = posix_spawnp(&child, words[0], &actions, NULL, (char *const *)words, environ);
    posix_spawn_file_actions_destroy(&actions);
    int status;
    *ret_missing = failed != 0;
    if (failed != 0 || waitpid(child, &status, 0) != child) {
        fprintf(stderr, "mkvolume: %s: not found\n", words[0]);
        return false;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "mkvolume: %s failed\n", words[0]);
        return false;
    }
    return true;
}

static int run(const char *const *words)
{
    bool missing;
    return run_tool(words, &missing) ? 0 : missing ? SKIP : 1;
}

static bool make_empty(const char *path, uint64_t size)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool is_fine = fd >= 0 && ftruncate(fd, (off_t)size) == 0;
    if (!is_fine) {
        perror(path);
    }
    if (fd >= 0) {
        close(fd);
    }
    return is_fine;
}

static int make_fat(const char *bits, uint64_t size, const char *tree, const char *out)
{
    const char *format[] = {"mkfs.fat", "-F", bits, out, NULL};
    int status = make_empty(out, size) ? run(format) : 1;
    DIR *folder = status == 0 ? opendir(tree) : NULL;
    struct dirent *entry;
    while (folder != NULL && status == 0 && (entry = readdir(folder)) != NULL) {
        char path[4096];
        snprintf(path, sizeof(path), "%s/%s", tree, entry->d_name);
        const char *copy[] = {"mcopy", "-s", "-Q", "-i", out, path, "::/", NULL};
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            status = run(copy);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return status;
}

static int make_wim(const char *form, const char *tree, const char *out)
{
    char compress[64];
    bool is_solid = strcmp(form, "solid") == 0;
    snprintf(compress, sizeof(compress), "--compress=%s", is_solid ? "lzms" : form);
    char name[32];
    snprintf(name, sizeof(name), "image-%ld", (long)getpid());
    if (access(out, F_OK) == 0) {
        const char *append[] = {"wimlib-imagex", "append", tree, out, name, "--no-acls", NULL};
        return run(append);
    }
    const char *capture[] = {"wimlib-imagex",
                             "capture",
                             tree,
                             out,
                             name,
                             compress,
                             "--no-acls",
                             is_solid ? "--solid" : NULL,
                             NULL};
    return run(capture);
}

#ifdef MKVOLUME_NTFS
static const char *const ntfs_forms[] = {
    [NTFS_PLAIN] = "ntfs",
    [NTFS_SPARSE] = "ntfs-sparse",
    [NTFS_FRAGMENTS] = "ntfs-fragments",
    [NTFS_LZNT1] = "ntfs-lznt1",
    [NTFS_XPRESS4K] = "ntfs-xpress4k",
    [NTFS_XPRESS8K] = "ntfs-xpress8k",
    [NTFS_XPRESS16K] = "ntfs-xpress16k",
    [NTFS_LZX] = "ntfs-lzx",
};

static int make_ntfs(const char *kind, uint64_t size, const char *cluster, const char *sector,
                     const char *tree, const char *out, const struct ntfs_extra *extras,
                     size_t count)
{
    size_t form = 0;
    while (form < sizeof(ntfs_forms) / sizeof(ntfs_forms[0]) && strcmp(kind, ntfs_forms[form])) {
        form++;
    }
    if (form == sizeof(ntfs_forms) / sizeof(ntfs_forms[0])) {
        fprintf(stderr, "mkvolume: %s is no kind\n", kind);
        return 2;
    }
    const char *format[] = {"mkntfs", "-F", "-Q", "-q", "-s", sector,  "-p", "0",
                            "-H",     "16", "-S", "63", "-c", cluster, out,  NULL};
    int status = make_empty(out, size) ? run(format) : 1;
    if (status != 0) {
        return status;
    }
    return ntfs_write(out, tree, (enum ntfs_form)form, extras, count) ? 0 : 1;
}

static bool parse_hex(const char *text, void **ret_bytes, size_t *ret_size)
{
    size_t size = strlen(text) / 2;
    unsigned char *bytes = malloc(size + 1);
    for (size_t i = 0; i < size; i++) {
        char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};
        bytes[i] = (unsigned char)strtoul(pair, NULL, 16);
    }
    *ret_bytes = bytes;
    *ret_size = size;
    return strspn(text, "0123456789abcdefABCDEF") == 2 * size && text[2 * size] == '\0';
}

static bool parse_extra(const char *option, char *text, struct ntfs_extra *extra)
{
    char *value = strrchr(text, '=');
    if (value == NULL) {
        return false;
    }
    *value++ = '\0';
    extra->path = text;
    if (strcmp(option, "--attributes") == 0) {
        extra->what = EXTRA_ATTRIBUTES;
        extra->value = (uint32_t)strtoul(value, NULL, 0);
        return true;
    }
    if (strcmp(option, "--reparse") == 0) {
        extra->what = EXTRA_REPARSE;
        char *colon;
        extra->value = (uint32_t)strtoul(value, &colon, 16);
        void *bytes;
        bool is_fine = *colon == ':' && parse_hex(colon + 1, &bytes, &extra->size);
        extra->data = is_fine ? bytes : NULL;
        return is_fine;
    }
    if (strcmp(option, "--link") == 0 || strcmp(option, "--short") == 0) {
        extra->what = option[2] == 'l' ? EXTRA_LINK : EXTRA_SHORT;
        extra->name = value;
        return true;
    }
    char *name = strrchr(text, ':');
    FILE *file = name != NULL && strcmp(option, "--stream") == 0 ? fopen(value, "rb") : NULL;
    if (file == NULL) {
        return false;
    }
    *name = '\0';
    extra->what = EXTRA_STREAM;
    extra->name = name + 1;
    size_t room = 16u << 20;
    void *bytes = malloc(room);
    extra->data = bytes;
    extra->size = bytes != NULL ? fread(bytes, 1, room, file) : 0;
    fclose(file);
    return true;
}
#endif

static bool parse_size(const char *text, uint64_t *ret_size)
{
    char *end;
    uint64_t size = strtoull(text, &end, 10);
    const char *units = "KMG";
    const char *unit = *end != '\0' ? strchr(units, *end) : NULL;
    if (unit != NULL) {
        size <<= 10 * (unit - units + 1);
        end++;
    }
    *ret_size = size;
    return end != text && *end == '\0';
}

int main(int argc, char **argv)
{
    const char *cluster = "4096";
    const char *sector = "512";
#ifdef MKVOLUME_NTFS
    static struct ntfs_extra extras[EXTRAS_MAX];
    size_t count = 0;
#endif
    int at = 1;
    for (; at < argc && strncmp(argv[at], "--", 2) == 0; at += 2) {
        if (strcmp(argv[at], "--help") == 0) {
            fputs(help, stdout);
            return 0;
        }
        if (strcmp(argv[at], "--cluster") == 0 && at + 1 < argc) {
            cluster = argv[at + 1];
            continue;
        }
        if (strcmp(argv[at], "--sector") == 0 && at + 1 < argc) {
            sector = argv[at + 1];
            continue;
        }
#ifdef MKVOLUME_NTFS
        if (at + 1 < argc && count < EXTRAS_MAX &&
            parse_extra(argv[at], argv[at + 1], &extras[count])) {
            count++;
            continue;
        }
#endif
        fprintf(stderr, "mkvolume: %s: wrong, or not in this build\n", argv[at]);
        return 2;
    }
    uint64_t size;
    if (argc - at != 4 || !parse_size(argv[at + 1], &size)) {
        fputs(help, stderr);
        return 2;
    }
    const char *path = getenv("PATH");
    char wider[8192];
    snprintf(wider, sizeof(wider), "%s:/usr/sbin:/sbin", path != NULL ? path : "/usr/bin:/bin");
    setenv("PATH", wider, 1);
    const char *kind = argv[at];
    if (strncmp(kind, "fat", 3) == 0) {
        return make_fat(kind + 3, size, argv[at + 2], argv[at + 3]);
    }
    if (strncmp(kind, "wim-", 4) == 0) {
        return make_wim(kind + 4, argv[at + 2], argv[at + 3]);
    }
#ifdef MKVOLUME_NTFS
    int status = make_ntfs(kind, size, cluster, sector, argv[at + 2], argv[at + 3], extras, count);
    for (size_t i = 0; i < count; i++) {
        free(extras[i].data);
    }
    return status;
#else
    (void)cluster;
    (void)sector;
    fprintf(stderr, "mkvolume: %s: built without libntfs-3g and libwim\n", kind);
    return SKIP;
#endif
}
