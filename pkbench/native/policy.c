/* Number by number what pkbench/data/colours.py computes with PyTorch: in float32, and a product is rounded before it is added. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

#include "bytes.h"
#include "policy.h"

#include <math.h>
#include <string.h>

/* The groups of pkbench/data/autoaugment.py; 6 is of RandAugment alone. */
enum { KEEP, AUTOCONTRAST, EQUALIZE, INVERT, POSTERIZE, SOLARIZE, COLOR = 7, CONTRAST, BRIGHTNESS, SHARPNESS, MOVE };

typedef struct {
    int64_t colours, height, width, plane;
} Size;

/* A number cut off at 0 and 255 and rounded down. */
static inline uint8_t byte_of(float number) { return (uint8_t)(int32_t)(number < 0 ? 0 : number > 255 ? 255 : number); }

/* `factor` of a value and the rest of another one. */
static inline uint8_t blend(float value, float other, float factor, float rest) { return byte_of(value * factor + other * rest); }

static inline float grey_of(float red, float green, float blue) { return floorf(0.2989f * red + 0.587f * green + 0.114f * blue); }

/* bytes (n) <- what `table` has for each. */
static void look_up(uint8_t *bytes, int64_t n, const uint8_t *table) {
    int64_t i = 0;
#ifdef PKBENCH_BYTES
    __m512i mine[4];
    memcpy(mine, table, sizeof mine);
    for (; i + 64 <= n; i += 64) _mm512_storeu_si512(bytes + i, bytes_of(mine, _mm512_loadu_si512(bytes + i)));
#endif
    for (; i < n; i++) bytes[i] = table[bytes[i]];
}

/* The tables of one plane. Values that it does not have are not looked up. */
static void autocontrast_table(const uint8_t *plane, int64_t n, uint8_t *table) {
    uint8_t low = 255, high = 0;
    for (int64_t i = 0; i < n; i++) low = plane[i] < low ? plane[i] : low, high = plane[i] > high ? plane[i] : high;
    const float from = low == high ? 0 : low, scale = low == high ? 1 : 1 / ((float)high - (float)low) * 255;
    for (int v = 0; v < 256; v++) table[v] = byte_of(((float)v - from) * scale);
}

static void equalize_table(const uint8_t *plane, int64_t n, uint8_t *table) {
    int64_t highest = 255, darker = 0;
    int32_t parts[4][256] = {0}, counts[256]; /* parts: an equal byte's count is still being written when the next one comes */
    for (int64_t i = 0; i < n; i++) parts[i % 4][plane[i]]++;
    for (int v = 0; v < 256; v++) counts[v] = parts[0][v] + parts[1][v] + parts[2][v] + parts[3][v];
    while (highest && !counts[highest]) highest--;
    const int64_t step = (n - counts[highest]) / 255;
    const double level = step ? (double)step : 1;
    double starts[256];
    for (int v = 0; v < 256; darker += counts[v++]) starts[v] = (double)(darker + step / 2);
    for (int v = 0; v < 256; v++) {
        const double number = step ? floor(starts[v] / level) : v;
        table[v] = (uint8_t)(int32_t)(number > 255 ? 255 : number);
    }
}

static float mean_grey(const uint8_t *bytes, const Size *size) {
    int32_t sum = 0;
    for (int64_t i = 0; i < size->plane; i++)
        sum += size->colours == 1 ? bytes[i] : (int32_t)grey_of(bytes[i], bytes[size->plane + i], bytes[2 * size->plane + i]);
    return (float)sum / (float)size->plane;
}

/* The table of a whole image. */
static void image_table(int64_t operation, double strength, const uint8_t *bytes, const Size *size, uint8_t *table) {
    const float factor = (float)strength, rest = (float)(1 - strength);
    const float mean = operation == CONTRAST ? mean_grey(bytes, size) : 0;
    const uint8_t mask = (uint8_t)(operation == POSTERIZE ? 256 - (1 << (8 - (int)strength)) : 0);
    for (int v = 0; v < 256; v++)
        switch (operation) {
        case INVERT: table[v] = (uint8_t)(255 - v); break;
        case POSTERIZE: table[v] = (uint8_t)v & mask; break;
        case SOLARIZE: table[v] = (uint8_t)((float)v >= factor ? 255 - v : v); break;
        case CONTRAST: table[v] = blend((float)v, mean, factor, rest); break;
        default: table[v] = byte_of((float)v * factor); /* BRIGHTNESS */
        }
}

static void color(uint8_t *bytes, int64_t n, float factor, float rest) {
    uint8_t *restrict red = bytes, *restrict green = bytes + n, *restrict blue = bytes + 2 * n;
    for (int64_t i = 0; i < n; i++) {
        const float grey = grey_of(red[i], green[i], blue[i]);
        red[i] = blend(red[i], grey, factor, rest);
        green[i] = blend(green[i], grey, factor, rest);
        blue[i] = blend(blue[i], grey, factor, rest);
    }
}

/* sharp (height, width) <- a plane's blend with its blurred version, whose outermost pixels are the plane's. */
static void sharpen(const uint8_t *restrict plane, int64_t height, int64_t width, float factor, float rest, uint8_t *restrict sharp) {
    const int64_t n = height * width;
    /* Lines in one go, their ends too, which are put right behind: a line is shorter than what is computed at once. A thirteenth is
     * never so near to half-way between whole numbers that it matters how it is rounded. */
    for (int64_t i = width + 1; i < n - width - 1; i++) {
        const uint8_t *line = plane + i, *above = line - width, *under = line + width;
        const uint16_t sides = above[-1] + above[0] + above[1] + line[-1] + line[1] + under[-1] + under[0] + under[1];
        sharp[i] = blend(line[0], rintf((float)(uint16_t)(sides + 5 * line[0]) * (1 / 13.0f)), factor, rest);
    }
    for (int64_t y = 0; y < height; y++) {
        const int64_t apart = y == 0 || y == height - 1 ? 1 : width - 1;
        for (int64_t i = y * width; i < (y + 1) * width; i += apart) sharp[i] = blend(plane[i], plane[i], factor, rest);
    }
}

/* moved (n) <- the plane's pixels, from where `pixels` says; 0 for number n. The byte behind the plane is ours meanwhile. */
static void move(uint8_t *plane, int64_t n, const int32_t *pixels, uint8_t *restrict moved) {
    const uint8_t behind = plane[n];
    plane[n] = 0;
    for (int64_t i = 0; i < n; i++) moved[i] = plane[pixels[i]];
    plane[n] = behind;
}

/* Whether the result of an operation is in `other`. */
static int change(int64_t operation, double strength, const int32_t *pixels, const Size *size, uint8_t *bytes, uint8_t *other) {
    const float factor = (float)strength, rest = (float)(1 - strength);
    const int64_t n = size->plane, all = size->colours * n;
    uint8_t table[256];
    switch (operation) {
    case KEEP: return 0;
    case AUTOCONTRAST:
    case EQUALIZE:
        for (uint8_t *plane = bytes; plane < bytes + all; plane += n) {
            (operation == EQUALIZE ? equalize_table : autocontrast_table)(plane, n, table);
            look_up(plane, n, table);
        }
        return 0;
    case COLOR:
        if (size->colours == 3) color(bytes, n, factor, rest);
        return 0;
    case SHARPNESS:
        if (size->height <= 2 || size->width <= 2) return 0;
        for (int64_t at = 0; at < all; at += n) sharpen(bytes + at, size->height, size->width, factor, rest, other + at);
        return 1;
    case MOVE:
        for (int64_t at = 0; at < all; at += n) move(bytes + at, n, pixels, other + at);
        return 1;
    default:
        image_table(operation, strength, bytes, size, table);
        look_up(bytes, all, table);
        return 0;
    }
}

uint8_t *pk_changed(const Policy *policy, int64_t image, int64_t colours, int64_t height, int64_t width, uint8_t *bytes,
                    uint8_t *other) {
    const Size size = {colours, height, width, height * width};
    for (int64_t turn = 0; turn < TURNS; turn++) {
        const int64_t drawn = image * TURNS + turn, step = policy->chosen[image] * TURNS + turn;
        if (policy->chances[drawn] > policy->probabilities[step]) continue;
        const int64_t with_sign = step * 2 + policy->positive[drawn];
        const int32_t *pixels = policy->pixels + policy->moves[with_sign] * size.plane;
        if (!change(policy->operations[step], policy->strengths[with_sign], pixels, &size, bytes, other)) continue;
        uint8_t *changed = other;
        other = bytes, bytes = changed;
    }
    return bytes;
}
