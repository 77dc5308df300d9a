/* phi and phi' together, in place: backward needs both, and they share the exponential. */
#ifndef PKBENCH_ACTIVATIONS_H
#define PKBENCH_ACTIVATIONS_H

#include "vectors.h"

enum { GELU = 0, RELU = 1, LINEAR = 2 };

/* exp(x) for x <= 0, relative error below 2e-7; 0 below -87. */
static inline float exp_negative(float x) {
    x = x < -87.0f ? -87.0f : x;
    const float steps = __builtin_floorf(x * 1.44269504f + 0.5f);
    const float r = (x - steps * 0.693359375f) + steps * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    const int32_t bits = ((int32_t)steps + 127) << 23;
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    return p * scale;
}

/* value <- x Phi(x), slope <- Phi(x) + x N(x) with the standard normal's distribution Phi and density N: GELU, not its tanh form.
 * Phi is erfc(z) / 2 with z = |x| / sqrt 2 and erfc(z) = exp(-z^2) t P(t), t = 1 / (1 + 0.47 z): P fitted by least maximum error,
 * which is 7e-9 in exact arithmetic. */
static inline void gelu(float x, float *value, float *slope) {
    const float z = __builtin_fabsf(x) * 0.70710678f;
    const float t = 1.0f / (1.0f + 0.47f * z);
    float p = 0.08842777981f;
    p = p * t - 0.42046118934f;
    p = p * t + 0.60766125365f;
    p = p * t - 0.12621049495f;
    p = p * t + 0.33626081169f;
    p = p * t + 0.24801276200f;
    p = p * t + 0.26630908425f;
    const float bell = exp_negative(-z * z);
    const float tail = 0.5f * bell * t * p;
    const float Phi = x < 0.0f ? tail : 1.0f - tail;
    *value = x * Phi;
    *slope = Phi + x * bell * 0.39894228f;
}

/* values (n) <- phi(values + bias), slopes (n) <- phi' there; the slope of LINEAR is 1 and not written. */
static void activate(int kind, int64_t n, float bias, float *restrict values, float *restrict slopes) {
    switch (kind) {
    case GELU:
        for (int64_t i = 0; i < n; i++) {
            float value, slope;
            gelu(values[i] + bias, &value, &slope);
            values[i] = value;
            slopes[i] = slope;
        }
        break;
    case RELU:
        for (int64_t i = 0; i < n; i++) {
            const float x = values[i] + bias;
            values[i] = x > 0.0f ? x : 0.0f;
            slopes[i] = x > 0.0f ? 1.0f : 0.0f;
        }
        break;
    default:
        for (int64_t i = 0; i < n; i++) values[i] += bias;
    }
}

#endif
