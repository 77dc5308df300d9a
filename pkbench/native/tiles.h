/* Products of pairs of bfloat16 by a processor's matrix unit (AMX): C (+)= A B, 16 lines of 16 words by 16 lines of 16 words at a time.
 * It reads plain lines, as a left operand has them, and paired lines, as a right one has. Of each line's pairs it sums the products of
 * the lower halves and of the upper ones, and adds both sums to C. */
#ifndef PKBENCH_TILES_H
#define PKBENCH_TILES_H

#include "ahead.h"
#include "vectors.h"

#if HAS_TILES
#define UNIT 16 /* lines of a tile, and words of a line, at most */

/* Words that a line of a matrix is filled up to with zeros, so that it is some equal parts of up to UNIT words. */
static inline int64_t whole_words(int64_t words) {
    const int64_t parts = (words + UNIT - 1) / UNIT;
    return parts * ((words + parts - 1) / parts);
}

/* Words of a sum of `depth` that are multiplied at a time: the most that divide it. */
static inline int64_t words_at_once(int64_t depth) {
    int64_t words = depth < UNIT ? depth : UNIT;
    while (depth % words) words--;
    return words;
}

/* Eight tiles: four of C, two rows of two, two of A and two of B; `upper` and `lower` lines of the rows. */
static inline void shape_tiles(int64_t upper, int64_t lower, int64_t words) {
    struct {
        uint8_t palette, start, nothing[14];
        uint16_t bytes[16];
        uint8_t lines[16];
    } shapes = {.palette = 1};
    for (int t = 0; t < 8; t++) {
        const int of_A = t == 4 || t == 5, of_B = t >= 6;
        shapes.bytes[t] = (uint16_t)(4 * (of_A ? words : UNIT));
        shapes.lines[t] = (uint8_t)(of_B ? words : t < 2 || t == 4 ? upper : lower);
    }
    _tile_loadconfig(&shapes);
}

/* Operands and result of a product, bytes from a line to the next of each, words of a sum and how many of them at once, and whether to
 * add to what C holds. */
typedef struct {
    const char *A, *B;
    char *C;
    int64_t A_step, B_step, C_step, depth, words;
    int add;
} Factors;

/* `high` rows of tiles (1 or 2) of `upper` lines and those that tiles were shaped for, by `wide` columns of them. */
static inline __attribute__((always_inline)) void multiply_tiles(const int high, const int wide, const Factors *with, int64_t upper,
                                                                 const char *A, const char *B, char *C) {
    const int64_t A_step = with->A_step, B_step = with->B_step, C_step = with->C_step;
    const char *lower = A + upper * A_step;
    char *C_lower = C + upper * C_step;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    if (with->add) {
        _tile_loadd(0, C, C_step);
        if (wide > 1) _tile_loadd(1, C + 4 * UNIT, C_step);
        if (high > 1) _tile_loadd(2, C_lower, C_step);
        if (high > 1 && wide > 1) _tile_loadd(3, C_lower + 4 * UNIT, C_step);
    }
    for (int64_t k = 0; k < with->depth; k += with->words) {
        _tile_loadd(6, B + k * B_step, B_step);
        _tile_loadd(4, A + 4 * k, A_step);
        _tile_dpbf16ps(0, 4, 6);
        if (high > 1) {
            _tile_loadd(5, lower + 4 * k, A_step);
            _tile_dpbf16ps(2, 5, 6);
        }
        if (wide > 1) {
            _tile_loadd(7, B + k * B_step + 4 * UNIT, B_step);
            _tile_dpbf16ps(1, 4, 7);
            if (high > 1) _tile_dpbf16ps(3, 5, 7);
        }
    }
    _tile_stored(0, C, C_step);
    if (wide > 1) _tile_stored(1, C + 4 * UNIT, C_step);
    if (high > 1) _tile_stored(2, C_lower, C_step);
    if (high > 1 && wide > 1) _tile_stored(3, C_lower + 4 * UNIT, C_step);
}

/* `lines` lines from number i on, for which tiles have been shaped, of TILE columns from number j on, or of LANES, the last ones. */
static inline void multiply_at(const Factors *with, int64_t i, int64_t lines, int64_t j, int64_t columns) {
    const int64_t upper = lines < UNIT ? lines : UNIT;
    const char *A = with->A + i * with->A_step, *B = with->B + 4 * j;
    char *C = with->C + i * with->C_step + 4 * j;
    if (lines > UNIT && columns - j > LANES)
        multiply_tiles(2, 2, with, upper, A, B, C);
    else if (lines > UNIT)
        multiply_tiles(2, 1, with, upper, A, B, C);
    else if (columns - j > LANES)
        multiply_tiles(1, 2, with, upper, A, B, C);
    else
        multiply_tiles(1, 1, with, upper, A, B, C);
}

#define MOST_WORDS 256 /* of a sum between two passes over C: TILE columns of B fit the first cache */
#define MOST_STAYING (128 * 1024) /* words of A that fit the second one beside what else is there */

/* As `product` of gemm.h has it; a line of B is there for each word of A's. */
static void product_of_tiles(int64_t rows, int64_t columns, int64_t depth, const void *A, int64_t row_step, const void *B,
                             int64_t B_step, float *C, int64_t C_step, int add, Ahead *ahead) {
    const int64_t words = words_at_once(depth), most = MOST_WORDS / words * words, rest = rows % (2 * UNIT), whole = rows - rest;
    for (int64_t k = 0; k < depth; k += most) {
        const int64_t steps = depth - k < most ? depth - k : most;
        const Factors with = {(const char *)A + 4 * k, (const char *)B + 4 * k * B_step, (char *)C, 4 * row_step, 4 * B_step,
                              4 * C_step, steps, words, add || k > 0};
        const int B_stays = rows * steps <= MOST_STAYING;
        const int64_t outer = B_stays ? columns : whole, outer_step = B_stays ? TILE : 2 * UNIT;
        const int64_t inner = B_stays ? whole : columns, inner_step = B_stays ? 2 * UNIT : TILE;
        if (whole) shape_tiles(UNIT, UNIT, words);
        for (int64_t o = 0; o < outer && whole; o += outer_step)
            for (int64_t n = 0; n < inner; n += inner_step) {
                multiply_at(&with, B_stays ? n : o, 2 * UNIT, B_stays ? o : n, columns);
                if (ahead && ahead->streams > 0) ask_for_some(ahead, steps);
            }
        if (!rest) continue;
        shape_tiles(rest < UNIT ? rest : UNIT, rest > UNIT ? rest - UNIT : UNIT, words);
        for (int64_t j = 0; j < columns; j += TILE) {
            multiply_at(&with, whole, rest, j, columns);
            if (ahead && ahead->streams > 0) ask_for_some(ahead, steps);
        }
    }
    _tile_release();
}
#else
static inline int64_t whole_words(int64_t words) { return words; }
#endif

#endif
