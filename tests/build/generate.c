#include "generate.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "recipe_package.h"
#include "tree.h"

static const char *const components[] = {
    "BootFirmware", "Radio",  "Display", "Camera", "Audio",    "Sensors", "Wifi",  "Bluetooth",
    "Power",        "Touch",  "Gpu",     "Usb",    "Modem",    "Gps",     "Nfc",   "Haptics",
    "Storage",      "Crypto", "Ril",     "Codec",  "Settings", "Apps",    "Fonts", "Tuning",
};

static const char *const binary_partitions[] = {"SBL1", "SBL2", "SBL3", "TZ",   "RPM",
                                                "UEFI", "DBI",  "HYP",  "PMIC", "WINSECAPP"};

static const struct {
    const char *folder;
    const char *extension;
} places[] = {
    {"\\Windows\\System32\\Drivers\\", ".sys"},
    {"\\Windows\\System32\\", ".dll"},
    {"\\Windows\\inf\\", ".inf"},
    {"\\Windows\\System32\\config\\", ".xml"},
    {"\\Programs\\CommonFiles\\", ".dat"},
    {"\\Windows\\Resources\\", ".mui"},
    {"\\Windows\\System32\\Tuning\\", ".bin"},
    {"\\Windows\\ImageUpdate\\", ".txt"},
};

static void set_choices(struct fx_generate *options, struct fx_choices *choices, const char *value)
{
    *choices = (struct fx_choices){0};
    while (*value != '\0') {
        size_t n = strcspn(value, ":,");
        if (choices->count == FX_CHOICES_MAX) {
            fx_die("too many choices");
        }
        choices->names[choices->count] = fx_arena_copy(options->arena, value, n);
        unsigned weight = 1;
        value += n;
        if (*value == ':') {
            char *end;
            unsigned long w = strtoul(value + 1, &end, 10);
            if (end == value + 1 || w > 1000000) {
                fx_die("'%s' is no weight", value + 1);
            }
            weight = (unsigned)w;
            value = end;
        }
        choices->weights[choices->count++] = weight;
        choices->total += weight;
        if (*value == ',') {
            value++;
        } else if (*value != '\0') {
            fx_die("'%s': NAME:WEIGHT,... is needed", value);
        }
    }
    if (choices->total == 0) {
        fx_die("nothing to choose from");
    }
}

static const char *choose(const struct fx_choices *choices, uint64_t random)
{
    uint64_t at = random % choices->total;
    size_t i = 0;
    while (at >= choices->weights[i]) {
        at -= choices->weights[i++];
    }
    return choices->names[i];
}

void fx_generate_open(struct fx_generate *options, struct fx_arena *arena)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    *options = (struct fx_generate){
        .arena = arena,
        .packages = 100,
        .seed = 1,
        .payload = 65536,
        .files = 36,
        .binary = 5,
        .jobs = cpus < 1    ? 1
                : cpus > 16 ? 16
                            : (uint64_t)cpus,
        .owner = "Contoso",
        .owner_type = "OEM",
        .version = "3.1",
    };
    set_choices(options, &options->mix, "stored:1,mszip:1,lzx:2");
    set_choices(options, &options->manifest, "head:90,middle:5,last:5");
    set_choices(options, &options->style, "spkg:1,cbs:1");
}

static uint64_t number_of(const char *value)
{
    char *end;
    unsigned long long n = strtoull(value, &end, 0);
    if (end == value || *end != '\0') {
        fx_die("'%s' is no number", value);
    }
    return n;
}

void fx_generate_option(struct fx_generate *options, const char *word)
{
    const struct {
        const char *key;
        uint64_t *number;
        struct fx_choices *choices;
        const char **text;
    } rows[] = {
        {"packages", &options->packages, NULL, NULL},
        {"first", &options->first, NULL, NULL},
        {"seed", &options->seed, NULL, NULL},
        {"payload", &options->payload, NULL, NULL},
        {"files", &options->files, NULL, NULL},
        {"subdirs", &options->subdirs, NULL, NULL},
        {"binary", &options->binary, NULL, NULL},
        {"jobs", &options->jobs, NULL, NULL},
        {"mix", NULL, &options->mix, NULL},
        {"manifest", NULL, &options->manifest, NULL},
        {"style", NULL, &options->style, NULL},
        {"owner", NULL, NULL, &options->owner},
        {"version", NULL, NULL, &options->version},
        {"registry", &options->registry, NULL, NULL},
        {"owner_type", NULL, NULL, &options->owner_type},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t n = strlen(rows[i].key);
        if (strncmp(word, rows[i].key, n) != 0 || word[n] != '=') {
            continue;
        }
        const char *value = word + n + 1;
        if (rows[i].number != NULL) {
            *rows[i].number = number_of(value);
        } else if (rows[i].choices != NULL) {
            set_choices(options, rows[i].choices, value);
        } else {
            *rows[i].text = fx_arena_text(options->arena, value);
        }
        return;
    }
    fx_die("generate: unknown option '%s'", word);
}

static void add_files(const struct fx_generate *options, struct fx_package *package, uint64_t index,
                      const char *component)
{
    uint64_t count = options->files > 2 ? options->files - 2 : 0;
    uint64_t left = options->payload;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t size = left / (count - i);
        struct fx_entry *entry = fx_package_add_entry(package);
        const char *extension = places[i % 8].extension;
        entry->device_path =
            fx_arena_printf(package->arena, "%s%s%05llu_%02llu%s", places[i % 8].folder, component,
                            (unsigned long long)index, (unsigned long long)i, extension);
        entry->source = (struct fx_source){
            .pattern = FX_PATTERN_FILL,
            .size = size,
            .seed = fx_random_seed(options->seed, index * 4096 + i),
        };
        left -= size;
    }
}

/* Registry files of some kilobytes, which say nothing about the device. */
static void add_registry(const struct fx_generate *options, struct fx_package *package,
                         uint64_t index, bool cbs)
{
    for (uint64_t i = 0; i < options->registry; i++) {
        struct fx_entry *entry = fx_package_add_entry(package);
        const char *name = fx_arena_printf(package->arena, "Part%05llu_%llu",
                                           (unsigned long long)index, (unsigned long long)i);
        entry->type = "Registry";
        entry->device_path = fx_arena_printf(
            package->arena, cbs ? "%s.manifest" : "\\Windows\\Packages\\RegistryFiles\\%s.reg",
            name);
        entry->cab_path = fx_arena_printf(package->arena, cbs ? "%s.manifest" : "%s.reg", name);
        entry->source = (struct fx_source){
            .pattern = FX_PATTERN_FILL,
            .size = 6000,
            .seed = fx_random_seed(options->seed, index * 64 + i),
        };
    }
}

static const char *partition_of(uint64_t random)
{
    uint64_t at = random % 100;
    return at < 92 ? "MainOS" : at < 96 ? "EFIESP" : "UpdateOS";
}

static void set_identity(const struct fx_generate *options, struct fx_package *package,
                         uint64_t index, uint64_t *state)
{
    struct fx_arena *arena = package->arena;
    fx_package_set(package, "owner", options->owner);
    fx_package_set(package, "owner_type", options->owner_type);
    fx_package_set(package, "component", components[index % 24]);
    fx_package_set(package, "sub", fx_arena_printf(arena, "Part%05llu", (unsigned long long)index));
    fx_package_set(package, "version",
                   fx_arena_printf(arena, "%s.%llu.%llu", options->version,
                                   (unsigned long long)(fx_random(state) >> 8) % 4000 + 1,
                                   (unsigned long long)(fx_random(state) >> 8) % 10000));
    uint64_t draw = fx_random(state) >> 8;
    if (draw % 100 < options->binary) {
        fx_package_set(package, "binary", "true");
        fx_package_set(package, "partition", binary_partitions[index % 10]);
        fx_package_set(package, "file_size",
                       fx_arena_printf(arena, "%llu", (unsigned long long)options->payload));
        fx_package_set(package, "seed", fx_arena_printf(arena, "%llu", (unsigned long long)index));
    } else {
        fx_package_set(package, "partition", partition_of(fx_random(state) >> 8));
        fx_package_set(package, "files", "0");
        add_files(options, package, index, components[index % 24]);
    }
}

static enum fx_order order_of(const char *name)
{
    if (strcmp(name, "head") == 0) {
        return FX_ORDER_USUAL;
    }
    if (strcmp(name, "middle") == 0) {
        return FX_ORDER_MIDDLE;
    }
    if (strcmp(name, "last") != 0) {
        fx_die("manifest=%s: head, middle or last", name);
    }
    return FX_ORDER_LAST;
}

static void write_one(const struct fx_generate *options, uint64_t index, const char *directory)
{
    struct fx_arena arena = {0};
    struct fx_package package;
    uint64_t state = fx_random_seed(options->seed, index);
    const char *style = choose(&options->style, fx_random(&state) >> 8);
    bool cbs = strncmp(style, "cbs", 3) == 0;
    const char *suffix = strcmp(style, "spkg") == 0  ? ".spkg"
                         : strcmp(style, "cbs") == 0 ? ".cab"
                                                     : "/";
    if (strcmp(suffix, "/") == 0 && strcmp(style, "spkgdir") != 0 && strcmp(style, "cbsdir") != 0) {
        fx_die("style=%s: spkg, cbs, spkgdir or cbsdir", style);
    }
    fx_package_open(&package, cbs ? FX_STYLE_CBS : FX_STYLE_SPKG, &arena);
    const char *method = choose(&options->mix, fx_random(&state) >> 8);
    if (!fx_method_find(method, &package.methods[0])) {
        fx_die("mix=%s: none, mszip, lzx, lzx15 ... lzx21", method);
    }
    package.order = order_of(choose(&options->manifest, fx_random(&state) >> 8));
    set_identity(options, &package, index, &state);
    add_registry(options, &package, index, cbs);
    const char *folder = "";
    if (options->subdirs > 0) {
        folder =
            fx_arena_printf(&arena, "set%04llu/", (unsigned long long)(index % options->subdirs));
    }
    char *path =
        fx_arena_printf(&arena, "%s%s%s.%s.Part%05llu%s", directory, folder, options->owner,
                        components[index % 24], (unsigned long long)index, suffix);
    fx_package_write(&package, path);
    fx_arena_fini(&arena);
}

static void write_share(const struct fx_generate *options, uint64_t worker, uint64_t workers,
                        const char *directory)
{
    for (uint64_t i = worker; i < options->packages; i += workers) {
        write_one(options, options->first + i, directory);
    }
}

void fx_generate_run(const struct fx_generate *options, const char *directory)
{
    struct fx_arena arena = {0};
    size_t n = strlen(directory);
    const char *prefix =
        n == 0 || directory[n - 1] == '/' ? directory : fx_arena_printf(&arena, "%s/", directory);
    uint64_t jobs = options->jobs < options->packages ? options->jobs : options->packages;
    uint64_t started = 0;
    if (n > 0) {
        fx_tree_directory(directory);
    }
    if (jobs <= 1) {
        write_share(options, 0, 1, prefix);
    }
    for (; jobs > 1 && started < jobs; started++) {
        pid_t pid = fork();
        if (pid < 0) {
            fx_die("cannot fork");
        }
        if (pid == 0) {
            write_share(options, started, jobs, prefix);
            _exit(0);
        }
    }
    bool failed = false;
    for (; started > 0; started--) {
        int status;
        failed = wait(&status) < 0 || status != 0 || failed;
    }
    fx_arena_fini(&arena);
    if (failed) {
        fx_die("generate: a worker failed");
    }
}
