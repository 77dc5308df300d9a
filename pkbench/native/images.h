/* Images of some batches as they lie in a data set, and what is to become of them. */
#ifndef PKBENCH_IMAGES_H
#define PKBENCH_IMAGES_H

#include "policy.h"

/* See pkbench/native/images.py; NULL: without. */
typedef struct {
    const uint8_t *images;   /* of the data set, (N, colours, height, width) */
    const int64_t *chosen;   /* (B) */
    int64_t colours, height, width, padding;
    const int64_t *corners;  /* (B, 2) */
    const uint8_t *mirrored; /* (B) */
    const Policy *policy;    /* of these images */
    const float *tables;     /* (colours, 256) */
} Pictures;

enum { NEAR_IMAGES = 16 }; /* made before they are turned */

/* Bytes of the room in which an image of so many numbers is changed. */
static inline int64_t pk_room(int64_t pixels) { return 2 * (pixels + 1); }

/* Of that in which NEAR_IMAGES are made and changed. */
static inline int64_t pk_lines_room(int64_t pixels) { return NEAR_IMAGES * 4 * (pixels + 16) + pk_room(pixels); }

/* lines (pixels, width) <- inputs of the images number `first` to first + count - 1, an image a column, zeros in those left. */
__attribute__((visibility("hidden"))) void pk_lines(const Pictures *from, int64_t first, int64_t count, int64_t width, uint8_t *room,
                                                    float *lines);

/* The same of bfloat16, plain lines, where this processor can; 0: it cannot, and nothing was done. */
__attribute__((visibility("hidden"))) int64_t pk_half_lines(const Pictures *from, int64_t first, int64_t count, int64_t width,
                                                            uint8_t *room, uint16_t *lines);

#endif
