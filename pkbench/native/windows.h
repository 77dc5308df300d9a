/* A colour's pixels as a window shows them: as bytes, or as the numbers that a table has for them. */
#ifndef PKBENCH_WINDOWS_H
#define PKBENCH_WINDOWS_H

#include "bfloat.h"
#include "bytes.h"

#include <stdint.h>
#include <string.h>

/* Where a colour's pixels, (height, width), are looked at: at (y + top, x + left) for (y, x), from right to left where mirrored. */
typedef struct {
    const uint8_t *pixels;
    int64_t height, width, top, left;
    int mirrored;
} Window;

/* The pixels of line y, and whether it lies outside: then they are another line's, so that there is something at their address. */
static inline const uint8_t *line_at(const Window *window, int64_t y, int *outside) {
    const int64_t row = y + window->top;
    *outside = row < 0 || row >= window->height;
    return window->pixels + (*outside ? 0 : row) * window->width;
}

/* look_at: numbers (height, width) <- those of the pixels in the window, of 0 where there is none; cut: bytes (height, width) <- the
 * pixels. */
#ifdef PKBENCH_BYTES
/* A table's numbers byte by byte: byte p of numbers 64 q to 64 q + 63. And in what order pixels are wanted: by `numbers_of` as they are
 * and mirrored, and by `halves_of`. */
typedef struct {
    __m512i bytes[4][4], order[2], halves_order;
} Table;

/* halves: whether the numbers are rounded to bfloat16, the upper half of a number. */
static void prepare(const float *numbers, int halves, Table *table) {
    uint8_t bytes[4][256], order[3][64];
    for (int i = 0; i < 256; i++) {
        const uint32_t word = halves ? rounded_bits(numbers[i]) << 16 : word_at(numbers + i);
        for (int p = 0; p < 4; p++) bytes[p][i] = (uint8_t)(word >> 8 * p);
    }
    /* Weaving bytes goes on within quarters of a vector: pixel 16 v + 4 q + k is to be number 16 q + 4 v + k, so that four from each
     * quarter are sixteen in order; of halves, pixel 32 v + 8 q + k number 16 q + 8 v + k. */
    for (int i = 0; i < 64; i++) {
        order[0][i] = (uint8_t)(i / 4 % 4 * 16 + i / 16 * 4 + i % 4), order[1][i] = (uint8_t)(63 - order[0][i]);
        order[2][i] = (uint8_t)(i / 8 % 2 * 32 + i / 16 * 8 + i % 8);
    }
    memcpy(table->bytes, bytes, sizeof bytes);
    memcpy(table->order, order, sizeof table->order);
    memcpy(&table->halves_order, order[2], sizeof table->halves_order);
}

/* words <- numbers of 64 pixels in a table's order, sixteen after sixteen. */
static inline __attribute__((always_inline)) void numbers_of(const Table *table, __m512i pixels, __m512i *words) {
    __m512i byte[4];
#pragma GCC unroll 4
    for (int p = 0; p < 4; p++) byte[p] = bytes_of(table->bytes[p], pixels);
    const __m512i low[2] = {_mm512_unpacklo_epi8(byte[0], byte[1]), _mm512_unpackhi_epi8(byte[0], byte[1])};
    const __m512i high[2] = {_mm512_unpacklo_epi8(byte[2], byte[3]), _mm512_unpackhi_epi8(byte[2], byte[3])};
#pragma GCC unroll 4
    for (int v = 0; v < 4; v++)
        words[v] = v % 2 ? _mm512_unpackhi_epi16(low[v / 2], high[v / 2]) : _mm512_unpacklo_epi16(low[v / 2], high[v / 2]);
}

/* halves <- the upper halves of numbers of 64 pixels, thirty-two after thirty-two. */
static inline __attribute__((always_inline)) void halves_of(const Table *table, __m512i pixels, __m512i *halves) {
    const __m512i ordered = _mm512_permutexvar_epi8(table->halves_order, pixels);
    const __m512i low = bytes_of(table->bytes[2], ordered), high = bytes_of(table->bytes[3], ordered);
    halves[0] = _mm512_unpacklo_epi8(low, high), halves[1] = _mm512_unpackhi_epi8(low, high);
}

/* numbers (64, of which `wanted` are stored) <- those of 64 pixels in a table's order. */
static inline __attribute__((always_inline)) void look_up(const Table *table, __m512i pixels, int64_t wanted, float *numbers) {
    __m512i words[4];
    numbers_of(table, pixels, words);
    for (int v = 0; v < 4 && 16 * v < wanted; v++)
        _mm512_mask_storeu_epi32(numbers + 16 * v, (__mmask16)below(wanted - 16 * v), words[v]);
}

/* found, but of its bytes from `place` on: pixels number `first` to first + n - 1 of line y, where they are. */
static inline __attribute__((always_inline)) __m512i with_line(__m512i found, const Window *window, int64_t y, int64_t first,
                                                               int64_t n, int64_t place) {
    int outside;
    const uint8_t *pixels = line_at(window, y, &outside);
    const __mmask64 there = outside ? 0 : below(window->width - first) & ~below(-first) & below(n);
    /* What is not there is not read. */
    return _mm512_mask_loadu_epi8(found, there << place, pixels + first - place);
}

/* A window's pixels in `order`: numbers (height, width) <- those of the table, or without one bytes (height, width) <- pixels. */
static inline __attribute__((always_inline)) void look(const Window *window, __m512i order, const Table *table, float *numbers,
                                                       uint8_t *bytes) {
    const int64_t height = window->height, width = window->width, left = window->left;
    const int mirrored = window->mirrored != 0;
    int64_t y = 0;
    for (; width == 32 && y + 2 <= height; y += 2) { /* two lines fill a vector */
        const __m512i one = with_line(_mm512_setzero_si512(), window, y, left, 32, mirrored ? 32 : 0);
        const __m512i both = _mm512_permutexvar_epi8(order, with_line(one, window, y + 1, left, 32, mirrored ? 0 : 32));
        if (table)
            look_up(table, both, 64, numbers + y * width);
        else
            _mm512_storeu_si512(bytes + y * width, both);
    }
    for (; y < height; y++)
        for (int64_t x = 0; x < width; x += 64) {
            const int64_t n = width - x < 64 ? width - x : 64, first = (mirrored ? width - x - n : x) + left;
            const __m512i found = with_line(_mm512_setzero_si512(), window, y, first, n, mirrored ? 64 - n : 0);
            const __m512i pixels = _mm512_permutexvar_epi8(order, found);
            if (table)
                look_up(table, pixels, n, numbers + y * width + x);
            else
                _mm512_mask_storeu_epi8(bytes + y * width + x, below(n), pixels);
        }
}

static void look_at(const Window *window, const Table *table, float *numbers) {
    const Table mine = *table; /* which no number written can be part of: it stays in registers */
    look(window, mine.order[window->mirrored != 0], &mine, numbers, 0);
}

static void cut(const Window *window, uint8_t *bytes) {
    const __m512i ascending = _mm512_add_epi64(_mm512_mullo_epi64(_mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0), _mm512_set1_epi8(8)),
                                               _mm512_set1_epi64(0x0706050403020100));
    look(window, window->mirrored ? _mm512_sub_epi8(_mm512_set1_epi8(63), ascending) : ascending, 0, 0, bytes);
}
#else
typedef const float *Table;

static void prepare(const float *numbers, int halves, Table *table) {
    (void)halves;
    *table = numbers;
}

/* A vector of numbers looked up one by one takes longer to put together than they take to write one by one. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-vectorize")
#endif

static void look_at(const Window *window, const Table *table, float *numbers) {
    const float *restrict number = *table;
    const int64_t width = window->width, last = width - 1, left = window->left;
    const int64_t first = left < 0 ? -left : 0, end = left > 0 ? width - left : width;
    const int mirrored = window->mirrored;
    for (int64_t y = 0; y < window->height; y++) {
        int outside;
        const uint8_t *restrict pixels = line_at(window, y, &outside) + left;
        float *restrict line = numbers + y * width;
        const int64_t beside = outside || first >= end ? width : first; /* pixels before the first that is there */
        for (int64_t x = 0; x < beside; x++) line[mirrored ? last - x : x] = number[0];
        if (beside == width) continue;
        for (int64_t x = end; x < width; x++) line[mirrored ? last - x : x] = number[0];
        if (mirrored)
            for (int64_t x = first; x < end; x++) line[last - x] = number[pixels[x]];
        else
            for (int64_t x = first; x < end; x++) line[x] = number[pixels[x]];
    }
}

static void cut(const Window *window, uint8_t *bytes) {
    const int64_t width = window->width, left = window->left, first = left < 0 ? -left : 0, end = left > 0 ? width - left : width;
    memset(bytes, 0, (size_t)(window->height * width));
    for (int64_t y = 0; y < window->height && first < end; y++) {
        int outside;
        const uint8_t *restrict pixels = line_at(window, y, &outside) + left;
        uint8_t *restrict line = bytes + y * width;
        if (outside) continue;
        if (window->mirrored)
            for (int64_t x = first; x < end; x++) line[width - 1 - x] = pixels[x];
        else
            memcpy(line + first, pixels + first, (size_t)(end - first));
    }
}
#endif

#endif
