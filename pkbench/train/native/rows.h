/* Moving, adding and turning lines of numbers. */
#ifndef PKBENCH_ROWS_H
#define PKBENCH_ROWS_H

#include "vectors.h"

/* Line i of a chunk <- for each of its groups g, row rows[g * n + i] of `from`. */
static void gather(const int32_t *rows, int64_t n, int64_t groups, int64_t width, const float *restrict from,
                   float *restrict to, int64_t step) {
    for (int64_t g = 0; g < groups; g++)
        for (int64_t i = 0; i < n; i++)
            memcpy(to + i * step + g * width, from + rows[g * n + i] * width, (size_t)width * sizeof *to);
}

/* to <- (base +) from + shift */
static inline void add_shifted(const float *restrict base, const float *restrict from, float shift, int64_t width,
                               float *restrict to) {
    if (base)
        for (int64_t b = 0; b < width; b++) to[b] = base[b] + from[b] + shift;
    else
        for (int64_t b = 0; b < width; b++) to[b] = from[b] + shift;
}

/* sums[i] += the sum of line i. */
static void add_line_sums(const float *lines, int64_t n, int64_t columns, int64_t step, float *sums) {
    for (int64_t i = 0; i < n; i++) {
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t k = 0; k < columns; k++) sum += lines[i * step + k];
        sums[i] += sum;
    }
}

/* lines *= factors */
static void multiply_lines(const float *restrict factors, int64_t n, int64_t columns, int64_t step, float *restrict lines) {
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < columns; k++) lines[i * step + k] *= factors[i * step + k];
}

/* to (columns lines of to_step numbers) <- the transpose of n lines, zeros beyond them up to a multiple of TILE. */
static void transpose(const float *restrict lines, int64_t n, int64_t columns, int64_t step, float *restrict to,
                      int64_t to_step) {
    for (int64_t i = 0; i < round_up(n, TILE); i += LANES)
        for (int64_t k = 0; k < columns; k++) {
            float column[LANES];
            for (int64_t l = 0; l < LANES; l++) column[l] = i + l < n ? lines[(i + l) * step + k] : 0.0f;
            memcpy(to + k * to_step + i, column, sizeof column);
        }
}

#endif
