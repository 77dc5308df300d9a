/* A batch's inputs from a data set's bytes in one pass: chosen, cropped, mirrored, normalised. Called from pkbench/native/images.py,
 * which says what the arrays are. */
#include <stdint.h>

/* A vector of numbers looked up one by one takes longer to put together than they take to write one by one. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-vectorize")
#endif

#define PUBLIC __attribute__((visibility("default")))

/* line (width) <- table[pixels[x + left]] for each x, mirrored where asked for; table[0] where there is no such pixel. */
static void line_of(const uint8_t *restrict pixels, int64_t width, int64_t left, int mirrored, const float *restrict table,
                    float *restrict line) {
    const int64_t first = left < 0 ? -left : 0, end = left > 0 ? width - left : width;
    if (!pixels || first >= end) {
        for (int64_t x = 0; x < width; x++) line[x] = table[0];
        return;
    }
    const int64_t last = width - 1;
    for (int64_t x = 0; x < first; x++) line[mirrored ? last - x : x] = table[0];
    for (int64_t x = end; x < width; x++) line[mirrored ? last - x : x] = table[0];
    pixels += left;
    if (mirrored)
        for (int64_t x = first; x < end; x++) line[last - x] = table[pixels[x]];
    else
        for (int64_t x = first; x < end; x++) line[x] = table[pixels[x]];
}

PUBLIC void pk_images(int64_t count, const uint8_t *images, const int64_t *chosen, int64_t colours, int64_t height,
                      int64_t width, int64_t padding, const int64_t *corners, const uint8_t *mirrored, const float *tables,
                      float *inputs) {
    for (int64_t i = 0; i < count; i++) {
        const uint8_t *image = images + (chosen ? chosen[i] : i) * colours * height * width;
        const int64_t top = corners ? corners[2 * i] - padding : 0, left = corners ? corners[2 * i + 1] - padding : 0;
        for (int64_t c = 0; c < colours; c++)
            for (int64_t y = 0; y < height; y++) {
                const int64_t row = y + top;
                const uint8_t *pixels = row < 0 || row >= height ? 0 : image + (c * height + row) * width;
                line_of(pixels, width, left, mirrored && mirrored[i], tables + c * 256,
                        inputs + ((i * colours + c) * height + y) * width);
            }
    }
}
