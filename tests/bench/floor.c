/*
 * floor TREE: takes the manifest out of each cabinet below TREE with libarchive and parses it with
 * libxml2's SAX interface, in one process, and does nothing else with it: what reading costs at the
 * least. A peer for benchmarks, fed with trees that the fixture builder made.
 */
#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <libxml/parser.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct tally {
    size_t packages;
    size_t elements;
};

static void count_element(void *context, const xmlChar *name, const xmlChar *prefix,
                          const xmlChar *uri, int namespaces, const xmlChar **declared,
                          int attributes, int defaulted, const xmlChar **values)
{
    struct tally *tally = context;
    (void)name;
    (void)prefix;
    (void)uri;
    (void)namespaces;
    (void)declared;
    (void)attributes;
    (void)defaulted;
    (void)values;
    tally->elements++;
}

static void parse_member(struct archive *cabinet, struct tally *tally)
{
    xmlSAXHandler sax = {.initialized = XML_SAX2_MAGIC, .startElementNs = count_element};
    xmlParserCtxtPtr parser = xmlCreatePushParserCtxt(&sax, tally, NULL, 0, NULL);
    char bytes[32768];
    la_ssize_t got;
    while ((got = archive_read_data(cabinet, bytes, sizeof(bytes))) > 0) {
        xmlParseChunk(parser, bytes, (int)got, 0);
    }
    xmlParseChunk(parser, bytes, 0, 1);
    xmlFreeParserCtxt(parser);
}

static void read_cabinet(const char *path, struct tally *tally)
{
    struct archive *cabinet = archive_read_new();
    struct archive_entry *entry;
    archive_read_support_format_cab(cabinet);
    if (archive_read_open_filename(cabinet, path, 32768) == ARCHIVE_OK) {
        while (archive_read_next_header(cabinet, &entry) == ARCHIVE_OK) {
            const char *name = archive_entry_pathname(entry);
            if (strcasecmp(name, "man.dsm.xml") == 0 || strcasecmp(name, "update.mum") == 0) {
                parse_member(cabinet, tally);
                tally->packages++;
                break; /* the next header would decode the rest of the folder */
            }
        }
    }
    archive_read_free(cabinet);
}

static bool is_cabinet(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot != NULL && (strcmp(dot, ".spkg") == 0 || strcmp(dot, ".cab") == 0);
}

int main(int argc, char **argv)
{
    struct tally tally = {0};
    DIR *directory = argc == 2 ? opendir(argv[1]) : NULL;
    if (directory == NULL) {
        fprintf(stderr, "usage: floor TREE\n");
        return 2;
    }
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char path[4096];
        if (is_cabinet(entry->d_name) &&
            snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name) < (int)sizeof(path)) {
            read_cabinet(path, &tally);
        }
    }
    closedir(directory);
    printf("%zu packages, %zu elements\n", tally.packages, tally.elements);
    return 0;
}
