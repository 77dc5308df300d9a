/* phi and phi' together: backward needs both, and they share the exponential. */
#ifndef PKBENCH_ACTIVATIONS_H
#define PKBENCH_ACTIVATIONS_H

#include "bfloat.h"
#include "coarse_gelu.h"

enum { GELU = 0, RELU = 1, LINEAR = 2 };

/* GELU, x Phi(x) with the standard normal distribution's Phi, not its tanh form, and its slope, Phi(x) + x N(x) with the density N.
 *
 * For z = |x|, Phi(-z) is two to the power of a polynomial, POWER, and the slope at -z is Phi(-z) times another one, RATIO; at z both
 * are one less what they are at -z. Fitted on [0, 9] by least maximum error of what comes of them: values to 4e-8 and slopes to 1e-7
 * in exact arithmetic, 1e-7 (or of |x|, where that is above 1) and 2e-7 in float32. */
#define FARTHEST 9.0f /* Phi(-9) is 1e-19 */
static const float POWER[] = {-0.999999958f, -1.15110689f, -0.459193661f, -0.052544536f, 0.00714010036f, -0.000200519298f,
    -0.000158046254f, 3.31203179e-05f, -2.28785455e-06f};
static const float RATIO[] = {1.00000011f, -0.797892845f, -0.636520323f, -0.109449373f, 0.0200798312f, -0.000919862054f,
    -0.000561810078f, 0.000140257955f, -1.09603095e-05f};
static const float EXP2[] = {1.00000007f, 0.693146967f, 0.240221197f, 0.0555071328f, 0.00967554136f, 0.00132764709f};

/* Vectors that go side by side through the same chain of operations: one alone would wait for each before the next. */
#define ABREAST 4

/* to[i] <- coefficients[0] + coefficients[1] x[i] + ..., `count` of them, for i < n. */
static inline __attribute__((always_inline)) void polynomial(const float *coefficients, int count, const int n, const Vector *x,
                                                             Vector *to) {
    for (int i = 0; i < n; i++) to[i] = coefficients[count - 1] - (Vector){0};
#pragma GCC unroll 16
    for (int k = count - 2; k >= 0; k--)
        for (int i = 0; i < n; i++) to[i] = to[i] * x[i] + coefficients[k];
}

#define POLYNOMIAL(coefficients, n, x, to) polynomial(coefficients, sizeof coefficients / sizeof *coefficients, n, x, to)

static inline __attribute__((always_inline)) Vector choose(Words mask, Vector yes, Vector no) {
    return (Vector)((mask & (Words)yes) | (~mask & (Words)no));
}

/* x <- phi(x), slope <- phi'(x), n of each. */
static inline __attribute__((always_inline)) void gelu(const int n, Vector *x, Vector *slope) {
    const Vector farthest = FARTHEST - (Vector){0};
    Vector z[ABREAST], power[ABREAST], rest[ABREAST], tail[ABREAST], ratio[ABREAST];
    Words whole[ABREAST];
    for (int i = 0; i < n; i++) {
        const Vector size = (Vector)((Words)x[i] & 0x7fffffffu);
        z[i] = choose((Words)(size < farthest), size, farthest);
    }
    POLYNOMIAL(POWER, n, z, power);
    for (int i = 0; i < n; i++) {
        /* Adding 1.5 * 2^23 rounds to an integer, which is then in the lowest bits. */
        const Vector shifted = power[i] + 12582912.0f;
        rest[i] = power[i] - (shifted - 12582912.0f);
        whole[i] = (Words)shifted << 23;
    }
    POLYNOMIAL(EXP2, n, rest, tail);
    POLYNOMIAL(RATIO, n, z, ratio);
    for (int i = 0; i < n; i++) {
        tail[i] = (Vector)((Words)tail[i] + whole[i]);
        const Vector below = tail[i] * ratio[i];
        const Words negative = (Words)(x[i] < (Vector){0});
        slope[i] = choose(negative, below, 1.0f - below);
        /* x Phi(-z) where x is negative, else x - x Phi(-x); nothing is left of either term where z is not |x|. */
        x[i] = (Vector)((Words)x[i] & ~negative) - z[i] * tail[i];
    }
}

static inline __attribute__((always_inline)) void relu(Vector *x, Vector *slope) {
    const Words above = ~(Words)(*x <= (Vector){0});
    *x = (Vector)((Words)*x & above);
    *slope = (Vector)((Words)(1.0f - (Vector){0}) & above);
}

/* x <- phi(x), slope <- phi'(x), n of each; LINEAR's slope is 1 and not written. `halves`: both, or at least the slope, will be rounded to
 * bfloat16. */
static inline __attribute__((always_inline)) void activated(const int halves, const int kind, const int n, Vector *x, Vector *slope) {
#if HAS_COARSE_GELU
    if (kind == GELU && halves) {
        coarse_gelu(n, x, slope);
        return;
    }
#endif
    if (kind == GELU) gelu(n, x, slope);
    for (int i = 0; i < n && kind == RELU; i++) relu(&x[i], &slope[i]);
}

/* `activate` for n vectors, the first at number `at`. */
static inline __attribute__((always_inline)) void activate_vectors(const int n, const int halves, const int keeps, int kind,
                                                                   int64_t at, float bias, float *restrict values,
                                                                   void *restrict slopes) {
    Vector x[ABREAST], slope[ABREAST];
    for (int i = 0; i < n; i++) x[i] = load(values + at + i * LANES) + bias;
    activated(halves, kind, n, x, slope);
    for (int i = 0; i < n; i++) {
        store(values + at + i * LANES, x[i]);
        if (!keeps || kind == LINEAR) continue;
        if (halves)
            store_halves((uint16_t *)slopes + at + i * LANES, slope[i]);
        else
            store((float *)slopes + at + i * LANES, slope[i]);
    }
}

static inline __attribute__((always_inline)) void activate_all(const int halves, const int keeps, int kind, int64_t n, float bias,
                                                               float *restrict values, void *restrict slopes) {
    int64_t at = 0;
    for (; at + ABREAST * LANES <= n; at += ABREAST * LANES)
        activate_vectors(ABREAST, halves, keeps, kind, at, bias, values, slopes);
    for (; at < n; at += LANES) activate_vectors(1, halves, keeps, kind, at, bias, values, slopes);
}

/* values (n, a multiple of LANES) <- phi(values + bias), slopes (n), where given, <- phi' there, in bfloat16 where `halves`; LINEAR's
 * is 1 and not written. */
static inline __attribute__((always_inline)) void activate(const int halves, int kind, int64_t n, float bias,
                                                           float *restrict values, void *restrict slopes) {
    if (slopes)
        activate_all(halves, 1, kind, n, bias, values, slopes);
    else
        activate_all(halves, 0, kind, n, bias, values, 0);
}

#endif
