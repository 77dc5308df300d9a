/* Products of small matrices, C (+)= A B, without packing: A is read one number at a time through two strides, so transposes
 * cost nothing, and B and C in tiles of TILE columns, the last of LANES where they suffice. Sums run in the same order whatever the
 * other sizes are.
 *
 * A number of A and of B is a float32 or a word with two bfloat16, a pair, whose products are both summed; sizes and steps count
 * words. */
#ifndef PKBENCH_GEMM_H
#define PKBENCH_GEMM_H

#include "ahead.h"
#include "bfloat.h"

#define DEPTH 256        /* steps of the inner sum between two passes over C: TILE columns of B fit the first cache */
#define BAND (64 * 1024) /* numbers of A that fit the second cache beside what else is there */

/* One tile: rows (at most TILE_ROWS) x `wide` vectors (1 or 2); as `paired` constants where inlined. */
static inline __attribute__((always_inline)) void tile(const int paired, const int wide, const int rows, int64_t depth,
                                                       const float *restrict A, int64_t row_step, int64_t sum_step,
                                                       const float *restrict B, int64_t B_step, float *restrict C,
                                                       int64_t C_step, int add) {
    Vector sum[TILE_ROWS][2];
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < wide; v++) sum[r][v] = add ? load(C + r * C_step + v * LANES) : (Vector){0};
    for (int64_t k = 0; k < depth; k++) {
        Vector b[2];
        for (int v = 0; v < wide; v++) b[v] = load(B + k * B_step + v * LANES);
        const float *a = A + k * sum_step;
#pragma GCC unroll 16
        for (int r = 0; r < rows; r++) {
            if (paired) {
                const Words factor = word_at(a + r * row_step) - (Words){0};
                for (int v = 0; v < wide; v++) sum[r][v] = add_products(sum[r][v], factor, (Words)b[v]);
            } else {
                const Vector factor = a[r * row_step] - (Vector){0};
                for (int v = 0; v < wide; v++) sum[r][v] += factor * b[v];
            }
        }
    }
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < wide; v++) store(C + r * C_step + v * LANES, sum[r][v]);
}

static inline __attribute__((always_inline)) void one_tile(const int paired, const int wide, int rows, int64_t depth,
                                                           const float *A, int64_t row_step, int64_t sum_step,
                                                           const float *B, int64_t B_step, float *C, int64_t C_step,
                                                           int add) {
#define CASE(n)                                                                                                        \
    case n:                                                                                                            \
        tile(paired, wide, n, depth, A, row_step, sum_step, B, B_step, C, C_step, add);                                \
        break;
    switch (rows) {
        CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6)
#if TILE_ROWS > 6
        CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12)
#endif
    }
#undef CASE
}

/* Ask for the tile that begins at C and has up to `rows` lines. */
static inline void ask_for(const float *C, int64_t C_step, int64_t rows) {
    for (int64_t r = 0; r < rows && r < TILE_ROWS; r++)
        for (int64_t j = 0; j < TILE; j += 16) __builtin_prefetch(C + r * C_step + j, 1);
}

/* C[i][j] (+)= sum over k < depth of A[i * row_step + k * sum_step] * B[k * B_step + j], i < rows, j < columns.
 * Columns up to the next multiple of LANES are computed too: lines of B and C have room for them. add: whether to add to what C
 * holds. ahead: what to ask for meanwhile; NULL: nothing. A tile of `steps` steps, of which each takes a dozen cycles or two, leaves
 * time for as many lines. */
static inline __attribute__((always_inline)) void product(const int paired, int64_t rows, int64_t columns, int64_t depth,
                                                          const float *A, int64_t row_step, int64_t sum_step,
                                                          const float *B, int64_t B_step, float *C, int64_t C_step,
                                                          int add, Ahead *ahead) {
    for (int64_t k = 0; k < depth; k += DEPTH) {
        const int64_t steps = depth - k < DEPTH ? depth - k : DEPTH;
        /* What is read again and again shall be near: TILE columns of B in the first cache while A passes through from the second,
         * or, where A does not fit there, some rows of A while B does. */
        const int B_stays = rows * steps <= BAND;
        const int64_t outer = B_stays ? columns : rows, outer_step = B_stays ? TILE : TILE_ROWS;
        const int64_t inner = B_stays ? rows : columns, inner_step = B_stays ? TILE_ROWS : TILE;
        for (int64_t o = 0; o < outer; o += outer_step)
            for (int64_t n = 0; n < inner; n += inner_step) {
                const int64_t i = B_stays ? n : o, j = B_stays ? o : n;
                /* Too large for the second cache: the next tile is on its way while this one is computed. */
                if (!B_stays && j + TILE < columns) ask_for(C + i * C_step + j + TILE, C_step, rows - i);
                const int high = (int)(rows - i < TILE_ROWS ? rows - i : TILE_ROWS);
                const float *from = A + i * row_step + k * sum_step, *by = B + k * B_step + j;
                float *to = C + i * C_step + j;
                if (columns - j > LANES)
                    one_tile(paired, 2, high, steps, from, row_step, sum_step, by, B_step, to, C_step, add || k > 0);
                else
                    one_tile(paired, 1, high, steps, from, row_step, sum_step, by, B_step, to, C_step, add || k > 0);
                if (ahead && ahead->streams > 0) ask_for_some(ahead, steps);
            }
    }
}

static void gemm(int64_t rows, int64_t columns, int64_t depth, const float *A, int64_t row_step, int64_t sum_step,
                 const float *B, int64_t B_step, float *C, int64_t C_step, int add, Ahead *ahead) {
    product(0, rows, columns, depth, A, row_step, sum_step, B, B_step, C, C_step, add, ahead);
}

/* The same over pairs: A is rows plain lines, row_step words from one to the next, B is `depth` paired lines. */
static void gemm_of_pairs(int64_t rows, int64_t columns, int64_t depth, const void *A, int64_t row_step, const void *B,
                          int64_t B_step, float *C, int64_t C_step, int add, Ahead *ahead) {
#if HAS_TILES
    product_of_tiles(rows, columns, depth, A, row_step, B, B_step, C, C_step, add, ahead);
#else
    product(1, rows, columns, depth, A, row_step, 1, B, B_step, C, C_step, add, ahead);
#endif
}

#endif
