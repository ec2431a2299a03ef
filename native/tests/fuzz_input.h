/* Bytes of a fuzzer read as numbers, mostly sensible. */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stdint.h>
#include <string.h>

typedef struct { const uint8_t *at; size_t left; } bytes;

static inline void take(bytes *b, void *to, size_t size)
{
	size_t n = size < b->left ? size : b->left;
	memset(to, 0, size);
	if (n) { memcpy(to, b->at, n); }
	b->at += n;
	b->left -= n;
}

static inline uint8_t take_byte(bytes *b)
{
	uint8_t x;
	take(b, &x, 1);
	return x;
}

/* Mostly sensible numbers, sometimes any bits at all: NaN, infinities, 1e300, denormals. */
static inline double take_number(bytes *b, double low, double high)
{
	uint8_t kind = take_byte(b);
	uint16_t x;
	double any;
	if (kind < 8) {
		take(b, &any, sizeof any);
		return any;
	}
	take(b, &x, sizeof x);
	return low + (high - low) * x / 65535.0;
}

static inline uint32_t take_count(bytes *b)
{
	uint8_t kind = take_byte(b);
	uint32_t any;
	if (kind >= 4) { return kind; }
	take(b, &any, sizeof any);
	return kind == 0 ? UINT32_MAX : any;
}

#endif
