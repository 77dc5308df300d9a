/* Rows of memory asked for before they are needed, a few at a time, while a product is computed, which leaves memory idle.
 *
 * Features of a slice take megabytes, which no near cache holds: what is done with them between products would mostly wait for
 * them. Asking changes no number, and asking for what is not needed costs time alone. */
#ifndef PKBENCH_AHEAD_H
#define PKBENCH_AHEAD_H

#include <stdint.h>

#define LINE 64 /* bytes of a cache's line */

/* `count` rows of `bytes`, those that `rows` names or, NULL, one after another; `unit` bytes from a row to the next. */
typedef struct {
    const char *base;
    const int32_t *rows;
    int64_t unit, bytes, count;
} Stream;

#define MOST_STREAMS 4

/* Of several streams the last one is asked for first; `row` is where it goes on. */
typedef struct {
    Stream stream[MOST_STREAMS];
    int64_t streams, row;
} Ahead;

static inline void will_use(Ahead *ahead, Stream stream) {
    if (stream.base && stream.count > 0) ahead->stream[ahead->streams++] = stream;
}

/* Ask for rows of about `lines` lines, into the second cache: what a product goes over has the first one. */
static __attribute__((noinline)) void ask_for_some(Ahead *ahead, int64_t lines) {
    while (ahead->streams > 0 && lines > 0) {
        const Stream *stream = &ahead->stream[ahead->streams - 1];
        const char *row = stream->base + (stream->rows ? stream->rows[ahead->row] : ahead->row) * stream->unit;
        for (int64_t byte = 0; byte < stream->bytes; byte += LINE, lines--) __builtin_prefetch(row + byte, 0, 2);
        if (++ahead->row < stream->count) continue;
        ahead->row = 0;
        ahead->streams--;
    }
}

#endif
