#include "tests/unit/files.h"
#include "tests/unit/unit.h"

#include "imgval/report/write/markup.h"

#include <stdlib.h>

struct page {
    struct iv_markup markup;
    FILE *stream;
    char *bytes;
    size_t size;
};

static struct iv_markup *begin(struct page *page, enum iv_markup_language language)
{
    *page = (struct page){0};
    page->stream = tmpfile();
    if (page->stream == NULL) {
        abort();
    }
    iv_markup_init(&page->markup, language, page->stream);
    return &page->markup;
}

static void end(struct page *page, const char *wanted)
{
    iv_markup_fini(&page->markup);
    page->bytes = files_text(page->stream, &page->size);
    CHECK_STR(page->bytes, wanted);
    free(page->bytes);
}

static void test_xml(void)
{
    struct page page;
    struct iv_markup *m = begin(&page, IV_MARKUP_XML);
    iv_markup_open(m, "a");
    iv_markup_attribute(m, "none", NULL);
    iv_markup_attribute(m, "b", "<\"&'>\n\t##vso[");
    iv_markup_attribute_uint(m, "n", 7);
    iv_markup_attribute_printf(m, "p", "%s-%d", "<", 3);
    iv_markup_open(m, "empty");
    iv_markup_close(m);
    iv_markup_break(m);
    iv_markup_text(m, "]]>\033\x01x\r\n::error");
    iv_markup_lines(m, "one\ntwo\r");
    iv_markup_close(m);
    end(&page,
        "<a b=\"&#60;&#34;&#38;&#39;&#62;&#10;&#9;#&#35;vso[\" n=\"7\" p=\"&#60;-3\"><empty/>\n"
        "]]&#62;\xEF\xBF\xBD\xEF\xBF\xBDx&#13;&#10;::errorone\ntwo&#13;</a>");
}

static void test_xml_characters(void)
{
    struct page page;
    struct iv_markup *m = begin(&page, IV_MARKUP_XML);
    iv_markup_open(m, "a");
    iv_markup_text(m, "\x7F\xC2\x9B\xE2\x80\xAE\xEF\xBB\xBF");  /* legal: kept as references */
    iv_markup_text(m, "\xEF\xBF\xBE\xEF\xBF\xBF");              /* U+FFFE U+FFFF: forbidden */
    iv_markup_text(m, "\xFF\xC0\xAF\xED\xA0\x80|\xF0\x9F\x93"); /* not UTF-8, byte for byte */
    iv_markup_text(m, "\xC3\xA9\xF0\x9F\x93\xB1");
    iv_markup_close(m);
#define BAD "\xEF\xBF\xBD"
    end(&page, "<a>&#127;&#155;&#8238;&#65279;" BAD BAD BAD BAD BAD BAD BAD BAD "|" BAD BAD BAD
               "\xC3\xA9\xF0\x9F\x93\xB1</a>");
#undef BAD
}

static void test_html(void)
{
    struct page page;
    struct iv_markup *m = begin(&page, IV_MARKUP_HTML);
    iv_markup_open(m, "p");
    iv_markup_attribute(m, "title", "\033\xE2\x80\xAE\n<");
    iv_markup_flag(m, "hidden");
    iv_markup_printf(m, "%s", "<b>&\033[1m\n\xE2\x80\xAE");
    iv_markup_open(m, "input");
    iv_markup_close(m);
    iv_markup_open(m, "i");
    iv_markup_close(m);
    iv_markup_element(m, "b", "x");
    iv_markup_classed(m, "b", "c", "y\xFF");
    iv_markup_close(m);
    end(&page, "<p title=\"\\x1b\\u{202e}\\n&#60;\" hidden>&#60;b&#62;&#38;"
               "<span class=\"x\">\\x1b</span>[1m<span class=\"x\">\\n</span>"
               "<span class=\"x\">\\u{202e}</span><input><i></i><b>x</b>"
               "<b class=\"c\">y\xEF\xBF\xBD</b></p>");
}

/* Where HTML knows no elements, an escape stands alone; after it the spans are back. */
static void test_plain_places(void)
{
    struct page page;
    struct iv_markup *m = begin(&page, IV_MARKUP_HTML);
    iv_markup_open(m, "div");
    iv_markup_element(m, "title", "a\033");
    iv_markup_open(m, "svg");
    iv_markup_open(m, "g");
    iv_markup_element(m, "title", "b\033");
    iv_markup_element(m, "text", "c\033");
    iv_markup_close(m);
    iv_markup_close(m);
    iv_markup_text(m, "d\033");
    iv_markup_close(m);
    end(&page, "<div><title>a\\x1b</title><svg><g><title>b\\x1b</title><text>c\\x1b</text></g>"
               "</svg>d<span class=\"x\">\\x1b</span></div>");
}

/* More than the writer keeps back: nothing is lost between two flushes. */
static void test_long(void)
{
    struct page page;
    struct iv_markup *m = begin(&page, IV_MARKUP_XML);
    iv_markup_open(m, "a");
    for (int i = 0; i < 30000; i++) {
        iv_markup_element(m, "b", "text");
    }
    iv_markup_own(m, "<!-- -->", 8);
    iv_markup_close(m);
    iv_markup_fini(m);
    page.bytes = files_text(page.stream, &page.size);
    CHECK_INT(page.size, 3 + 30000 * 11 + 8 + 4);
    free(page.bytes);
}

int main(void)
{
    test_xml();
    test_xml_characters();
    test_html();
    test_plain_places();
    test_long();
    return unit_end();
}
