/* A batch's inputs from a data set's bytes in one pass: chosen, cropped, mirrored, changed by a policy, normalised. Called from
 * pkbench/native/images.py, which says what the arrays are, and by a slice's pass. */
#include "images.h"
#include "rows.h"
#include "windows.h"

#include <stdlib.h>

#define PUBLIC __attribute__((visibility("default")))

/* Image number i, where it lies in the data set. */
static const uint8_t *image_at(const Pictures *from, int64_t i) {
    return from->images + (from->chosen ? from->chosen[i] : i) * from->colours * from->height * from->width;
}

/* What image number i is seen through. */
static Window window_of(const Pictures *from, int64_t i) {
    Window window = {.height = from->height, .width = from->width, .mirrored = from->mirrored && from->mirrored[i]};
    if (from->corners) window.top = from->corners[2 * i] - from->padding, window.left = from->corners[2 * i + 1] - from->padding;
    return window;
}

/* Image number i as it is seen through its window and then as a policy makes it: where it lies, or in its room. */
static const uint8_t *changed(const Pictures *from, int64_t i, uint8_t *room) {
    const int64_t colours = from->colours, plane = from->height * from->width;
    Window window = window_of(from, i);
    if (!from->corners && !from->mirrored && !from->policy) return image_at(from, i);
    for (int64_t c = 0; c < colours; c++) window.pixels = image_at(from, i) + c * plane, cut(&window, room + c * plane);
    if (!from->policy) return room;
    return pk_changed(from->policy, i, colours, from->height, from->width, room, room + colours * plane + 1);
}

/* Ask for a colour of image number i, if it is one of those before `end`: it may lie anywhere. */
static void ask_for_image(const Pictures *from, int64_t i, int64_t end, int64_t c) {
    const int64_t plane = from->height * from->width;
    for (int64_t byte = 0; i < end && byte < plane; byte += 64) __builtin_prefetch(image_at(from, i) + c * plane + byte);
}

/* table (colours) <- the numbers of all bytes; see prepare. */
static void prepare_all(const Pictures *from, int halves, Table *table) {
    for (int64_t c = 0; c < from->colours; c++) prepare(from->tables + c * 256, halves, &table[c]);
}

/* Inputs of images number `first` to first + count - 1; room: for a changed one. */
static void inputs_of(const Pictures *from, const Table *table, int64_t first, int64_t count, uint8_t *room, float *inputs) {
    const int64_t colours = from->colours, plane = from->height * from->width;
    for (int64_t i = first; i < first + count; i++, inputs += colours * plane) {
        const uint8_t *image = from->policy ? changed(from, i, room) : image_at(from, i);
        Window window = from->policy ? (Window){.height = from->height, .width = from->width} : window_of(from, i);
        for (int64_t c = 0; c < colours; c++) {
            ask_for_image(from, i + 1, first + count, c);
            window.pixels = image + c * plane;
            look_at(&window, &table[c], inputs + c * plane);
        }
    }
}

/* Inputs of the images number `first` to first + count - 1. Returns 0 where there is no memory for an image. */
PUBLIC int64_t pk_images(const Pictures *from, int64_t first, int64_t count, float *inputs) {
    uint8_t *room = from->policy ? malloc((size_t)pk_room(from->colours * from->height * from->width)) : 0;
    if (from->policy && !room) return 0;
    Table table[from->colours];
    prepare_all(from, 0, table);
    inputs_of(from, table, first, count, room, inputs);
    free(room);
    return 1;
}

#ifdef PKBENCH_BYTES
/* lines (plane, width), from column 0 on, <- what the table has for the pixels of NEAR_IMAGES images, 0 for those not `there`; of
 * bfloat16 where `halves`. */
static inline __attribute__((always_inline)) void turn(const int halves, const uint8_t *const *image, int64_t plane, const Table *table,
                                                       __mmask16 there, void *lines, int64_t width) {
    const Table mine = *table; /* which no number written can be part of: it stays in registers */
    for (int64_t p = 0; p < plane; p += 64) {
        __m512i row[NEAR_IMAGES], woven[NEAR_IMAGES];
        for (int i = 0; i < NEAR_IMAGES; i++) row[i] = _mm512_maskz_loadu_epi8(below(plane - p), image[i] + p);
        /* Of row and column of a square of 16, eight bits, weaving rows i and i + 8 turns the upper one over to the lower end. */
#pragma GCC unroll 4
        for (int bit = 0; bit < 4; bit++) {
#pragma GCC unroll 8
            for (int i = 0; i < 8; i++) {
                woven[2 * i] = _mm512_unpacklo_epi8(row[i], row[i + 8]);
                woven[2 * i + 1] = _mm512_unpackhi_epi8(row[i], row[i + 8]);
            }
            memcpy(row, woven, sizeof row);
        }
        for (int i = 0; i < 16; i++) { /* pixel i of each square, of all images */
            __m512i numbers[4];
            if (halves)
                halves_of(&mine, row[i], numbers);
            else
                numbers_of(&mine, _mm512_permutexvar_epi8(mine.order[0], row[i]), numbers);
#pragma GCC unroll 4
            for (int square = 0; square < 4; square++) {
                const int64_t pixel = p + 16 * square + i;
                if (pixel >= plane) continue;
                if (halves) {
                    const __m512i two = numbers[square / 2];
                    const __m256i one = square % 2 ? _mm512_extracti64x4_epi64(two, 1) : _mm512_castsi512_si256(two);
                    _mm256_storeu_si256((__m256i *)((uint16_t *)lines + pixel * width), _mm256_maskz_mov_epi16(there, one));
                } else {
                    _mm512_storeu_si512((float *)lines + pixel * width, _mm512_maskz_mov_epi32(there, numbers[square]));
                }
            }
        }
    }
}

/* Columns of the lines of NEAR_IMAGES places, of which `count` have images. */
static inline __attribute__((always_inline)) void some_lines(const int halves, const Pictures *from, const Table *table, int64_t first,
                                                             int64_t count, int64_t width, uint8_t *room, void *lines) {
    const int64_t colours = from->colours, plane = from->height * from->width, each = pk_room(colours * plane) + 64;
    const uint8_t *image[NEAR_IMAGES];
    /* A few bytes more from one to the next: they shall not share places of a cache. In place of images that are not there: any bytes. */
    for (int64_t i = 0; i < NEAR_IMAGES; i++) image[i] = i < count ? changed(from, first + i, room + i * each) : room;
    for (int64_t c = 0; c < colours; c++) {
        const uint8_t *pixels[NEAR_IMAGES];
        for (int64_t i = 0; i < NEAR_IMAGES; i++) pixels[i] = image[i] + c * plane;
        turn(halves, pixels, plane, &table[c], (__mmask16)below(count), (char *)lines + c * plane * width * (halves ? 2 : 4), width);
    }
}

static int64_t between(int64_t number, int64_t most) { return number < 0 ? 0 : number < most ? number : most; }

void pk_lines(const Pictures *from, int64_t first, int64_t count, int64_t width, uint8_t *room, float *lines) {
    Table table[from->colours];
    prepare_all(from, 0, table);
    for (int64_t i = 0; i < width; i += NEAR_IMAGES)
        some_lines(0, from, table, first + i, between(count - i, NEAR_IMAGES), width, room, lines + i);
}

int64_t pk_half_lines(const Pictures *from, int64_t first, int64_t count, int64_t width, uint8_t *room, uint16_t *lines) {
    Table table[from->colours];
    prepare_all(from, 1, table);
    for (int64_t i = 0; i < width; i += NEAR_IMAGES)
        some_lines(1, from, table, first + i, between(count - i, NEAR_IMAGES), width, room, lines + i);
    return 1;
}
#else
void pk_lines(const Pictures *from, int64_t first, int64_t count, int64_t width, uint8_t *room, float *lines) {
    const int64_t pixels = from->colours * from->height * from->width;
    float *inputs = (float *)room;
    Table table[from->colours];
    prepare_all(from, 0, table);
    for (int64_t i = 0; i < width; i += NEAR_IMAGES) {
        const int64_t places = width - i < NEAR_IMAGES ? width - i : NEAR_IMAGES;
        const int64_t there = count - i < 0 ? 0 : count - i < places ? count - i : places;
        inputs_of(from, table, first + i, there, room + NEAR_IMAGES * pixels * (int64_t)sizeof *inputs, inputs);
        transpose_apart(inputs, there, pixels, pixels, lines + i, width, places);
    }
}

int64_t pk_half_lines(const Pictures *from, int64_t first, int64_t count, int64_t width, uint8_t *room, uint16_t *lines) {
    (void)from, (void)first, (void)count, (void)width, (void)room, (void)lines;
    return 0;
}
#endif
