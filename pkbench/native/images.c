/* A batch's inputs from a data set's bytes in one pass: chosen, cropped, mirrored, normalised. Called from pkbench/native/images.py,
 * which says what the arrays are. */
#include <stdint.h>
#include <string.h>

#define PUBLIC __attribute__((visibility("default")))

/* line_of: line (width) <- table[pixels[x + left]] for each x, mirrored where asked for; table[0] where there is no such pixel, as in no line
 * that is `outside`, whatever its pixels. */
#if defined(__AVX512VBMI__) && defined(__AVX512BW__)
#include <immintrin.h>

/* A table's numbers byte by byte: byte p of numbers 64 q to 64 q + 63. Sixty-four bytes are looked up in 128 at once. And in what order
 * `look_up` wants pixels, as they are and mirrored. */
typedef struct {
    __m512i bytes[4][4], order[2];
} Table;

static void prepare(const float *numbers, Table *table) {
    uint8_t bytes[4][256], order[2][64], number[4];
    for (int i = 0; i < 256; i++) {
        memcpy(number, numbers + i, sizeof number);
        for (int p = 0; p < 4; p++) bytes[p][i] = number[p];
    }
    /* Weaving bytes goes on within quarters of a vector: pixel 16 v + 4 q + k is to be number 16 q + 4 v + k, so that four from each
     * quarter are sixteen in order. */
    for (int i = 0; i < 64; i++) order[0][i] = (uint8_t)(i / 4 % 4 * 16 + i / 16 * 4 + i % 4), order[1][i] = (uint8_t)(63 - order[0][i]);
    memcpy(table->bytes, bytes, sizeof bytes);
    memcpy(table->order, order, sizeof order);
}

/* Bits below n, of 64. */
static inline __mmask64 below(int64_t n) { return n <= 0 ? 0 : n >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << n) - 1; }

static inline __attribute__((always_inline)) __m512i byte_of(const Table *table, int p, __m512i pixels) {
    const __m512i dark = _mm512_permutex2var_epi8(table->bytes[p][0], pixels, table->bytes[p][1]);
    const __m512i light = _mm512_permutex2var_epi8(table->bytes[p][2], pixels, table->bytes[p][3]);
    return _mm512_mask_blend_epi8(_mm512_movepi8_mask(pixels), dark, light);
}

/* numbers (64, of which `wanted` are stored) <- those of 64 pixels in a table's order. */
static inline __attribute__((always_inline)) void look_up(const Table *table, __m512i pixels, int64_t wanted, float *numbers) {
    __m512i byte[4];
#pragma GCC unroll 4
    for (int p = 0; p < 4; p++) byte[p] = byte_of(table, p, pixels);
    const __m512i low[2] = {_mm512_unpacklo_epi8(byte[0], byte[1]), _mm512_unpackhi_epi8(byte[0], byte[1])};
    const __m512i high[2] = {_mm512_unpacklo_epi8(byte[2], byte[3]), _mm512_unpackhi_epi8(byte[2], byte[3])};
    for (int v = 0; v < 4 && 16 * v < wanted; v++) {
        const __m512i words = v % 2 ? _mm512_unpackhi_epi16(low[v / 2], high[v / 2]) : _mm512_unpacklo_epi16(low[v / 2], high[v / 2]);
        _mm512_mask_storeu_epi32(numbers + 16 * v, (__mmask16)below(wanted - 16 * v), words);
    }
}

static void line_of(const uint8_t *restrict pixels, int outside, int64_t width, int64_t left, int mirrored, const Table *table,
                    float *restrict line) {
    for (int64_t x = 0; x < width; x += 64) {
        const int64_t first = mirrored ? width - 64 - x + left : x + left;
        const __mmask64 there = outside ? 0 : below(width - first) & ~below(-first);
        const __m512i found = _mm512_maskz_loadu_epi8(there, pixels + first); /* what is not there is not read, and 0 */
        look_up(table, _mm512_permutexvar_epi8(table->order[mirrored ? 1 : 0], found), width - x, line + x);
    }
}
#else
typedef const float *Table;

static void prepare(const float *numbers, Table *table) { *table = numbers; }

/* A vector of numbers looked up one by one takes longer to put together than they take to write one by one. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-vectorize")
#endif

static void line_of(const uint8_t *restrict pixels, int outside, int64_t width, int64_t left, int mirrored, const Table *of,
                    float *restrict line) {
    const float *restrict table = *of;
    const int64_t first = left < 0 ? -left : 0, end = left > 0 ? width - left : width;
    if (outside || first >= end) {
        for (int64_t x = 0; x < width; x++) line[x] = table[0];
        return;
    }
    const int64_t last = width - 1;
    for (int64_t x = 0; x < first; x++) line[mirrored ? last - x : x] = table[0];
    for (int64_t x = end; x < width; x++) line[mirrored ? last - x : x] = table[0];
    pixels += left;
    if (mirrored)
        for (int64_t x = first; x < end; x++) line[last - x] = table[pixels[x]];
    else
        for (int64_t x = first; x < end; x++) line[x] = table[pixels[x]];
}
#endif

PUBLIC void pk_images(int64_t count, const uint8_t *images, const int64_t *chosen, int64_t colours, int64_t height,
                      int64_t width, int64_t padding, const int64_t *corners, const uint8_t *mirrored, const float *tables,
                      float *inputs) {
    Table table[colours];
    for (int64_t c = 0; c < colours; c++) prepare(tables + c * 256, &table[c]);
    for (int64_t i = 0; i < count; i++) {
        const uint8_t *image = images + (chosen ? chosen[i] : i) * colours * height * width;
        const int64_t top = corners ? corners[2 * i] - padding : 0, left = corners ? corners[2 * i + 1] - padding : 0;
        for (int64_t c = 0; c < colours; c++) {
            const Table here = table[c]; /* which no number written can be part of: it stays in registers */
            for (int64_t y = 0; y < height; y++) {
                /* Of a line outside of the image there are some pixels all the same: an address where nothing is costs a vector's load
                 * dear even where it loads nothing. */
                const int64_t row = y + top, outside = row < 0 || row >= height;
                /* The next image lies anywhere. */
                if (chosen && i + 1 < count) __builtin_prefetch(images + ((chosen[i + 1] * colours + c) * height + y) * width);
                line_of(image + (c * height + (outside ? 0 : row)) * width, outside, width, left, mirrored && mirrored[i], &here,
                        inputs + ((i * colours + c) * height + y) * width);
            }
        }
    }
}
