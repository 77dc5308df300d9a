/* Moving, adding and turning lines of numbers. */
#ifndef PKBENCH_ROWS_H
#define PKBENCH_ROWS_H

#include "vectors.h"

/* to <- a row; of so few numbers that a call of the library's would count. */
static inline void copy_row(const float *restrict from, int64_t width, float *restrict to) {
    for (int64_t b = 0; b < width; b += LANES) store(to + b, load(from + b));
}

/* Line i of a chunk <- for each of its groups g, row rows[g * n + i] of `from`. */
static void gather(const int32_t *rows, int64_t n, int64_t groups, int64_t width, const float *restrict from,
                   float *restrict to, int64_t step) {
    for (int64_t g = 0; g < groups; g++)
        for (int64_t i = 0; i < n; i++)
            copy_row(from + rows[g * n + i] * width, width, to + i * step + g * width);
}

/* The same times `factors`, which lie as `to` does; sums[i], where given, += the sum of line i. */
static void gather_times(const int32_t *rows, int64_t n, int64_t groups, int64_t width, const float *restrict from,
                         const float *restrict factors, float *restrict to, int64_t step, float *restrict sums) {
    for (int64_t g = 0; g < groups; g++)
        for (int64_t i = 0; i < n; i++) {
            const float *row = from + rows[g * n + i] * width;
            const int64_t place = i * step + g * width;
            Vector sum = {0};
            for (int64_t b = 0; b < width; b += LANES) {
                const Vector product = load(row + b) * load(factors + place + b);
                store(to + place + b, product);
                sum += product;
            }
            if (sums) sums[i] += sum_of(sum);
        }
}

/* to <- (base +) from + shift */
static inline void add_shifted(const float *restrict base, const float *restrict from, float shift, int64_t width,
                               float *restrict to) {
    if (base)
        for (int64_t b = 0; b < width; b += LANES) store(to + b, load(base + b) + load(from + b) + shift);
    else
        for (int64_t b = 0; b < width; b += LANES) store(to + b, load(from + b) + shift);
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

/* lines *= factors; sums[i], where given, += the sum of line i. */
static void multiply_lines(const float *restrict factors, int64_t n, int64_t columns, int64_t step, float *restrict lines,
                           float *restrict sums) {
    for (int64_t i = 0; i < n; i++) {
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t k = 0; k < columns; k++) {
            lines[i * step + k] *= factors[i * step + k];
            sum += lines[i * step + k];
        }
        if (sums) sums[i] += sum;
    }
}

/* to[k][l] <- from[l][k], a square of 8. */
static inline __attribute__((always_inline)) void transpose_eight(const float *const *from, float *restrict to, int64_t to_step) {
#if defined(__AVX__)
    __m256 row[8], pair[8], four[8];
#pragma GCC unroll 8
    for (int l = 0; l < 8; l++) row[l] = _mm256_loadu_ps(from[l]);
#pragma GCC unroll 4
    for (int l = 0; l < 8; l += 2) {
        pair[l] = _mm256_unpacklo_ps(row[l], row[l + 1]);
        pair[l + 1] = _mm256_unpackhi_ps(row[l], row[l + 1]);
    }
#pragma GCC unroll 2
    for (int l = 0; l < 8; l += 4) {
        four[l] = _mm256_shuffle_ps(pair[l], pair[l + 2], 0x44);
        four[l + 1] = _mm256_shuffle_ps(pair[l], pair[l + 2], 0xEE);
        four[l + 2] = _mm256_shuffle_ps(pair[l + 1], pair[l + 3], 0x44);
        four[l + 3] = _mm256_shuffle_ps(pair[l + 1], pair[l + 3], 0xEE);
    }
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        _mm256_storeu_ps(to + k * to_step, _mm256_permute2f128_ps(four[k], four[k + 4], 0x20));
        _mm256_storeu_ps(to + (k + 4) * to_step, _mm256_permute2f128_ps(four[k], four[k + 4], 0x31));
    }
#else
    for (int64_t l = 0; l < 8; l++)
        for (int64_t k = 0; k < 8; k++) to[k * to_step + l] = from[l][k];
#endif
}

/* The same of lines `step` numbers apart. */
static inline void transpose_square(const float *restrict from, int64_t step, float *restrict to, int64_t to_step) {
    const float *line[8];
#pragma GCC unroll 8
    for (int l = 0; l < 8; l++) line[l] = from + l * step;
    transpose_eight(line, to, to_step);
}

/* to (columns lines of to_step numbers) <- the transpose of n lines, zeros beyond them up to `end`. */
static void transpose(const float *restrict lines, int64_t n, int64_t columns, int64_t step, float *restrict to,
                      int64_t to_step, int64_t end) {
    const int64_t in_squares = n / 8 * 8, columns_in_squares = columns / 8 * 8;
    for (int64_t k = 0; k < columns_in_squares; k += 8)
        for (int64_t i = 0; i < in_squares; i += 8) transpose_square(lines + i * step + k, step, to + k * to_step + i, to_step);
    for (int64_t k = 0; k < columns; k++)
        for (int64_t i = k < columns_in_squares ? in_squares : 0; i < end; i++)
            to[k * to_step + i] = i < n ? lines[i * step + k] : 0.0f;
}

/* `transpose` of lines that lie where a cache keeps few of them at once, as images do, a multiple of its size apart: pieces of 16 lines and
 * columns, read and written while they are near. */
static void transpose_apart(const float *restrict lines, int64_t n, int64_t columns, int64_t step, float *restrict to,
                            int64_t to_step, int64_t end) {
    const int64_t in_pieces = n / 16 * 16, columns_in_pieces = columns / 16 * 16;
    for (int64_t first = 0; first < columns_in_pieces; first += 256)
        for (int64_t i = 0; i < in_pieces; i += 16)
            for (int64_t k = first; k < columns_in_pieces && k < first + 256; k += 16)
#pragma GCC unroll 2
                for (int64_t l = i; l < i + 16; l += 8) {
                    transpose_square(lines + l * step + k, step, to + k * to_step + l, to_step);
                    transpose_square(lines + l * step + k + 8, step, to + (k + 8) * to_step + l, to_step);
                }
    transpose(lines + in_pieces * step, n - in_pieces, columns_in_pieces, step, to + in_pieces, to_step, end - in_pieces);
    transpose(lines + columns_in_pieces, n, columns - columns_in_pieces, step, to + columns_in_pieces * to_step, to_step, end);
}

/* `transpose` of n lines that are rows of `columns` numbers anywhere in `from`. */
static void transpose_rows(const float *restrict from, const int32_t *restrict rows, int64_t n, int64_t columns, float *restrict to,
                           int64_t to_step, int64_t end) {
    const int64_t in_squares = n / 8 * 8, columns_in_squares = columns / 8 * 8;
    for (int64_t i = 0; i < in_squares; i += 8) {
        for (int64_t l = i + 8; l < i + 16 && l < n; l++)
            for (int64_t k = 0; k < columns; k += 16) __builtin_prefetch(from + rows[l] * columns + k);
        for (int64_t k = 0; k < columns_in_squares; k += 8) {
            const float *line[8];
#pragma GCC unroll 8
            for (int l = 0; l < 8; l++) line[l] = from + rows[i + l] * columns + k;
            transpose_eight(line, to + k * to_step + i, to_step);
        }
    }
    for (int64_t k = 0; k < columns; k++)
        for (int64_t i = k < columns_in_squares ? in_squares : 0; i < end; i++)
            to[k * to_step + i] = i < n ? from[rows[i] * columns + k] : 0.0f;
}

#endif
