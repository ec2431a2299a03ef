/* Counts of a passage on a grid of equal bins.
 *
 * A sample is placed by its order and, where the wire lost some or delivered late, by its time; a gap is a bin without
 * counting time.  A passage that outgrows the bins is merged pairwise, as often as it takes: no count is lost.
 */
#include "ea_lane.h"

#define OUT_OF_STEP 0.75         /* intervals a stamp may be off before it, not the order, places the sample: polled
                                  * lines jitter by half of one */

static void merge(ea_grid *g, double *counts, uint32_t width)
{
	uint32_t half = EA_PASSAGE_BINS / 2;
	for (uint32_t i = 0; i < half; i++) {
		const double *one = &counts[2 * i * width], *other = one + width;
		for (uint32_t c = 0; c < width; c++) { counts[i * width + c] = one[c] + other[c]; }
		g->exposure_s[i] = g->exposure_s[2 * i] + g->exposure_s[2 * i + 1];
	}
	memset(&counts[half * width], 0, half * width * sizeof *counts);
	memset(&g->exposure_s[half], 0, half * sizeof *g->exposure_s);
	g->bins = (g->bins + 1) / 2;
	g->per_bin *= 2;
}

/* Which step of the grid a sample ending at t_s is. */
static uint64_t place(const ea_grid *g, double t_s)
{
	double late = (t_s - g->grid_s) / g->interval_s - (double)(g->next + 1);
	if (fabs(late) <= OUT_OF_STEP) { return g->next; }
	return (uint64_t)fmax(0.0, (double)g->next + floor(late + 0.5));
}

/* The bin of a sample, with its counting time added; counts: EA_PASSAGE_BINS rows of width. */
uint32_t ea_grid_bin(ea_grid *g, double t_s, double interval_s, double *counts, uint32_t width)
{
	uint64_t at;
	uint32_t bin;
	if (!g->bins) {
		g->grid_s = t_s - interval_s;
		g->interval_s = interval_s;
		g->per_bin = 1;
		g->next = 0;
	}
	at = place(g, t_s);
	g->next = at + 1;
	while (at / g->per_bin >= EA_PASSAGE_BINS) { merge(g, counts, width); }
	bin = (uint32_t)(at / g->per_bin);
	g->bins = bin >= g->bins ? bin + 1 : g->bins;
	g->exposure_s[bin] += interval_s;
	return bin;
}

int ea_grid_sane(const ea_grid *g)
{
	return g->bins <= EA_PASSAGE_BINS
		&& (!g->bins || (g->per_bin >= 1 && ea_in_range(g->interval_s, EA_INTERVAL_MIN_S, EA_PASSAGE_INTERVAL_MAX_S)
			&& g->next < UINT64_MAX / 2 && ea_is_time(g->grid_s + EA_INTERVAL_MAX_S)));
}
