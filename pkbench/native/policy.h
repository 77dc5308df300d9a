/* AutoAugment's operations on the bytes of one image. */
#ifndef PKBENCH_POLICY_H
#define PKBENCH_POLICY_H

#include <stdint.h>

enum { TURNS = 2 }; /* operations of a sub-policy */

/* What pkbench/data/autoaugment.py has drawn for B images, and its tables, by sub-policy, turn and sign (0 negative, 1 positive). */
typedef struct {
    const int64_t *chosen;      /* (B): which sub-policy */
    const float *chances;       /* (B, TURNS): an operation is done where its probability is not less */
    const uint8_t *positive;    /* (B, TURNS) */
    const float *probabilities; /* (sub-policies, TURNS) */
    const int64_t *operations;  /* (sub-policies, TURNS) */
    const double *strengths;    /* (sub-policies, TURNS, 2) */
    const int64_t *moves;       /* (sub-policies, TURNS, 2) */
    const int32_t *pixels;      /* (moves, plane): which pixel comes to each place; their number where none does */
} Policy;

/* An image's bytes, (colours, height, width), in the first of two places: what its sub-policy makes of them, in one or the other. Each
 * place has room for a byte more. */
__attribute__((visibility("hidden"))) uint8_t *pk_changed(const Policy *policy, int64_t image, int64_t colours, int64_t height,
                                                          int64_t width, uint8_t *bytes, uint8_t *other);

#endif
