/* LayerNorm over the channels of each token and image: the C rows of a token. */
#ifndef PKBENCH_NORMS_H
#define PKBENCH_NORMS_H

#include <math.h>

#include "network.h"

#define EPSILON 1e-5f
#define NORM_VECTORS 4 /* side by side: 64 images with AVX-512; two where 32 are a slice, or left */

/* `measure_token` of `vectors` vectors side by side, whose sums stay in registers. */
static inline __attribute__((always_inline)) void measure_vectors(const int vectors, int64_t C, int64_t width, const float *rows,
                                                                  float *mean, float *inverse) {
    Vector sum[NORM_VECTORS], squares[NORM_VECTORS];
    for (int v = 0; v < vectors; v++) sum[v] = squares[v] = (Vector){0};
    for (int64_t c = 0; c < C; c++)
        for (int v = 0; v < vectors; v++) sum[v] += load(rows + c * width + v * LANES);
    for (int v = 0; v < vectors; v++) sum[v] /= (float)C;
    /* In a second pass: the mean of squares less the squared mean would lose digits where the mean is large. */
    for (int64_t c = 0; c < C; c++)
        for (int v = 0; v < vectors; v++) {
            const Vector d = load(rows + c * width + v * LANES) - sum[v];
            squares[v] += d * d;
        }
    for (int v = 0; v < vectors; v++) {
        store(mean + v * LANES, sum[v]);
        store(inverse + v * LANES, squares[v] / (float)C + EPSILON);
    }
    for (int b = 0; b < vectors * LANES; b++) inverse[b] = 1.0f / sqrtf(inverse[b]);
}

/* mean, inverse <- mean and 1 / sqrt(variance + epsilon) of a token's C rows. */
static void measure_token(int64_t C, int64_t width, const float *rows, float *mean, float *inverse) {
    int64_t b = 0;
    for (; b + NORM_VECTORS * LANES <= width; b += NORM_VECTORS * LANES)
        measure_vectors(NORM_VECTORS, C, width, rows + b, mean + b, inverse + b);
    for (; b + 2 * LANES <= width; b += 2 * LANES) measure_vectors(2, C, width, rows + b, mean + b, inverse + b);
    for (; b < width; b += LANES) measure_vectors(1, C, width, rows + b, mean + b, inverse + b);
}

/* statistics (tokens, 2, width) <- mean and 1 / sqrt(variance + epsilon) of each token of X (tokens * C rows). */
static void measure(const Norm *norm, int64_t tokens, int64_t width, const float *X, float *statistics) {
    for (int64_t s = 0; s < tokens; s++) {
        float *mean = statistics + 2 * s * width;
        measure_token(norm->channels, width, X + s * norm->channels * width, mean, mean + width);
    }
}

/* to <- row `row` of X, normalised, scaled and shifted; as it is where there is no norm. */
static inline void normalized(const Norm *norm, const float *parameters, const float *statistics, int64_t row,
                              int64_t width, const float *restrict X, float *restrict to) {
    const float *from = X + row * width;
    if (norm->scale < 0) {
        copy_row(from, width, to);
        return;
    }
    const uint32_t s = (uint32_t)row / (uint32_t)norm->channels, c = (uint32_t)row % (uint32_t)norm->channels;
    const float *restrict mean = statistics + 2 * (int64_t)s * width, *restrict inverse = mean + width;
    const float scale = parameters[norm->scale + c], shift = parameters[norm->shift + c];
    for (int64_t b = 0; b < width; b += LANES)
        store(to + b, (load(from + b) - load(mean + b)) * load(inverse + b) * scale + shift);
}

/* `norm_backward` of a token and `vectors` vectors side by side, whose sums stay in registers. */
static inline __attribute__((always_inline)) void token_backward(const int vectors, int64_t C, int64_t width, const float *scales,
                                                                 const float *statistic, const float *restrict X,
                                                                 const float *restrict dN, int adds, float *restrict dX,
                                                                 float *restrict to_scales, float *restrict to_shifts) {
    Vector mean[NORM_VECTORS], inverse[NORM_VECTORS], sum[NORM_VECTORS], along[NORM_VECTORS];
    for (int v = 0; v < vectors; v++) {
        mean[v] = load(statistic + v * LANES), inverse[v] = load(statistic + width + v * LANES);
        sum[v] = along[v] = (Vector){0};
    }
    for (int64_t c = 0; c < C; c++) {
        Vector to_scale = {0}, to_shift = {0};
        for (int v = 0; v < vectors; v++) {
            const int64_t place = c * width + v * LANES;
            const Vector unit = (load(X + place) - mean[v]) * inverse[v], dy = load(dN + place), dx = dy * scales[c];
            to_scale += dy * unit;
            to_shift += dy;
            sum[v] += dx;
            along[v] += dx * unit;
        }
        to_scales[c] += sum_of(to_scale);
        to_shifts[c] += sum_of(to_shift);
    }
    for (int v = 0; v < vectors; v++) sum[v] /= (float)C, along[v] /= (float)C;
    for (int64_t c = 0; c < C; c++)
        for (int v = 0; v < vectors; v++) {
            const int64_t place = c * width + v * LANES;
            const Vector unit = (load(X + place) - mean[v]) * inverse[v], dx = load(dN + place) * scales[c];
            Vector found = inverse[v] * (dx - sum[v] - unit * along[v]);
            if (adds) found += load(dX + place);
            store(dX + place, found);
        }
}

/* dX (tokens * C rows) <- (adds: dX +) the gradient through the norm of X, given dN, that of its output, `apart` numbers from a token's
 * rows to those of the next: 0 where all have the same.
 * Adds the gradients of scale and shift to `gradients`, at their offsets in the parameters. */
static void norm_backward(const Norm *norm, const float *parameters, const float *statistics, int64_t tokens,
                          int64_t width, const float *restrict X, const float *restrict dN, int64_t apart, int adds,
                          float *restrict dX, float *restrict gradients) {
    const int64_t C = norm->channels;
    for (int64_t s = 0; s < tokens; s++) {
        const float *statistic = statistics + 2 * s * width, *x = X + s * C * width, *d = dN + s * apart;
        float *out = dX + s * C * width;
        int64_t b = 0;
        if (norm->scale < 0) {
            for (int64_t i = 0; i < C * width; i++) out[i] = adds ? out[i] + d[i] : d[i];
            continue;
        }
        for (; b + NORM_VECTORS * LANES <= width; b += NORM_VECTORS * LANES)
            token_backward(NORM_VECTORS, C, width, parameters + norm->scale, statistic + b, x + b, d + b, adds, out + b,
                           gradients + norm->scale, gradients + norm->shift);
        for (; b + 2 * LANES <= width; b += 2 * LANES)
            token_backward(2, C, width, parameters + norm->scale, statistic + b, x + b, d + b, adds, out + b,
                           gradients + norm->scale, gradients + norm->shift);
        for (; b < width; b += LANES)
            token_backward(1, C, width, parameters + norm->scale, statistic + b, x + b, d + b, adds, out + b,
                           gradients + norm->scale, gradients + norm->shift);
    }
}

#endif
