/* Products with sparse matrices in CSR form. Called from pkbench/native/sparse.py, which says what the arrays are.
 *
 * What a product reads at random, one line for each connection, is packed first: a unit of some samples after the other, and in
 * each a line of these samples for every feature. The lines of a unit fill a cache from end to end, and stay in it while all rows
 * are computed. */
#include "rows.h"
#include "vectors.h"

#define UNIT TILE /* samples of a unit: two vectors */
#define TOGETHER 4 /* connections whose sums are kept apart: one would wait for the other */
#define SQUARE 8  /* rows that are turned into samples at once */
#define PUBLIC __attribute__((visibility("default")))

PUBLIC int64_t pk_sparse_unit(void) { return UNIT; }

/* packed (units, n, UNIT) <- x (samples, n), units begin to end; zeros beyond the last sample. */
PUBLIC void pk_sparse_pack(int64_t begin, int64_t end, int64_t samples, int64_t n, const float *x, float *packed) {
    for (int64_t u = begin; u < end; u++) {
        const int64_t left = samples - u * UNIT;
        transpose(x + u * UNIT * n, left < UNIT ? left : UNIT, n, n, packed + u * n * UNIT, UNIT, UNIT);
    }
}

/* y (UNIT) <- the sum of values[k] times line col[k] of x, first <= k < last. */
static inline void add_lines(int64_t first, int64_t last, const int32_t *col, const float *values, const float *x, float *y) {
    Vector sums[TOGETHER][2] = {{{0}, {0}}, {{0}, {0}}, {{0}, {0}}, {{0}, {0}}};
    int64_t k = first;
    for (; k + TOGETHER <= last; k += TOGETHER)
#pragma GCC unroll 4
        for (int t = 0; t < TOGETHER; t++) {
            const Vector value = values[k + t] - (Vector){0};
            const float *line = x + (int64_t)col[k + t] * UNIT;
            sums[t][0] += value * load(line);
            sums[t][1] += value * load(line + LANES);
        }
    for (; k < last; k++) {
        const Vector value = values[k] - (Vector){0};
        const float *line = x + (int64_t)col[k] * UNIT;
        sums[0][0] += value * load(line);
        sums[0][1] += value * load(line + LANES);
    }
    store(y, (sums[0][0] + sums[1][0]) + (sums[2][0] + sums[3][0]));
    store(y + LANES, (sums[0][1] + sums[1][1]) + (sums[2][1] + sums[3][1]));
}

/* y (samples, rows) <- A x, x packed with n features, units begin to end and of them rows first to last: row i is the sum over its
 * connections k, crow[i] <= k < crow[i + 1], of values[k] times x's feature col[k]. */
PUBLIC void pk_sparse_product(int64_t begin, int64_t end, int64_t first, int64_t last, int64_t samples, int64_t rows, int64_t n,
                              const int32_t *crow, const int32_t *col, const float *values, const float *x, float *y) {
    float found[SQUARE * UNIT];
    for (int64_t u = begin; u < end; u++) {
        const int64_t left = samples - u * UNIT, width = left < UNIT ? left : UNIT;
        for (int64_t i = first; i < last; i += SQUARE) {
            const int64_t here = last - i < SQUARE ? last - i : SQUARE;
            for (int64_t r = 0; r < here; r++)
                add_lines(crow[i + r], crow[i + r + 1], col, values, x + u * n * UNIT, found + r * UNIT);
            transpose(found, here, width, UNIT, y + u * UNIT * rows + i, rows, here);
        }
    }
}

/* to[j] += the sum of the numbers of vectors[j], eight vectors. */
static inline void add_sums(const Vector *vectors, float *to) {
#if defined(__AVX__)
    __m256 v[8];
#pragma GCC unroll 8
    for (int j = 0; j < 8; j++) {
#if defined(__AVX512F__)
        const __m512 wide = (__m512)vectors[j];
        v[j] = _mm256_add_ps(_mm512_castps512_ps256(wide), _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(wide), 1)));
#else
        v[j] = (__m256)vectors[j];
#endif
    }
    const __m256 low = _mm256_hadd_ps(_mm256_hadd_ps(v[0], v[1]), _mm256_hadd_ps(v[2], v[3]));
    const __m256 high = _mm256_hadd_ps(_mm256_hadd_ps(v[4], v[5]), _mm256_hadd_ps(v[6], v[7]));
    const __m256 sums = _mm256_add_ps(_mm256_permute2f128_ps(low, high, 0x20), _mm256_permute2f128_ps(low, high, 0x31));
    _mm256_storeu_ps(to, _mm256_add_ps(_mm256_loadu_ps(to), sums));
#else
    for (int j = 0; j < 8; j++)
        for (int l = 0; l < LANES; l++) to[j] += vectors[j][l];
#endif
}

/* gradient[k] <- the product of feature i of dY, packed with `rows` features, and feature col[k] of x, packed with n, summed over
 * samples, for the connections k of rows first to last. */
PUBLIC void pk_sparse_gradient(int64_t first, int64_t last, int64_t units, int64_t rows, int64_t n, const int32_t *crow,
                               const int32_t *col, const float *dY, const float *x, float *gradient) {
    memset(gradient + crow[first], 0, (size_t)(crow[last] - crow[first]) * sizeof *gradient);
    for (int64_t u = 0; u < units; u++)
        for (int64_t i = first; i < last; i++) {
            const float *lines = x + u * n * UNIT;
            const Vector a = load(dY + (u * rows + i) * UNIT), b = load(dY + (u * rows + i) * UNIT + LANES);
            int64_t k = crow[i];
            for (; k + 8 <= crow[i + 1]; k += 8) {
                Vector products[8];
#pragma GCC unroll 8
                for (int j = 0; j < 8; j++) {
                    const float *line = lines + (int64_t)col[k + j] * UNIT;
                    products[j] = a * load(line) + b * load(line + LANES);
                }
                add_sums(products, gradient + k);
            }
            for (; k < crow[i + 1]; k++) {
                const float *line = lines + (int64_t)col[k] * UNIT;
                const Vector product = a * load(line) + b * load(line + LANES);
                for (int l = 0; l < LANES; l++) gradient[k] += product[l];
            }
        }
}
