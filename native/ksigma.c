/* The deployed rule, kept so that operators and the vendor's electronics can be compared with:
 * the sum of the newest intervals against BG + N sqrt(BG), on each sum of panels the site uses (algorithms.md 1).
 *
 * As in the portals: BG is the plain vacant mean without trend or error, it arms on the first vacant value, and the
 * sum runs on through the beginning of an occupancy.  A sum not yet full is no evidence: its statistic is 0.
 */
#include "ea_lane.h"

void ea_window_clear(ea_window *w)
{
	memset(w->sum, 0, sizeof w->sum);
	w->filled = w->next = 0;
}

void ea_window_add(ea_window *w, double interval_s, const uint32_t *counts, uint32_t channels)
{
	uint32_t *slot = w->counts[w->next];
	int full = w->filled == w->length;
	for (uint32_t c = 0; c < channels; c++) {
		if (full) { w->sum[c] -= slot[c]; }
		w->sum[c] += counts[c];
		slot[c] = counts[c];
	}
	w->interval_s[w->next] = interval_s;
	w->next = (w->next + 1) % w->length;
	if (!full) { w->filled++; }
}

static double length_of(const ea_window *w)
{
	double s = 0.0;
	for (uint32_t i = 0; i < w->filled; i++) { s += w->interval_s[i]; }
	return s;
}

static void score_group(const ea_window *w, const ea_fit *fit, uint32_t mask, double scale, ea_score *out)
{
	uint64_t counts = 0;
	double expected = 0.0, z;
	for (uint32_t c = 0; mask >> c; c++) {
		if (!(mask >> c & 1u)) { continue; }
		counts += w->sum[c];
		expected += fit->total[c];
	}
	expected *= scale;
	if (!(expected > 0.0)) { return; }
	z = ((double)counts - expected) / sqrt(expected);
	if (out->mask && z <= out->statistic) { return; }
	out->mask = mask;
	out->statistic = z;
	out->counts = (double)counts;
	out->expected = expected;
}

void ea_ksigma_score(const ea_window *w, const ea_fit *fit, const ea_settings *s, uint32_t mask, ea_score *out)
{
	double length_s;
	out->threshold = s->ksigma_n;
	out->armed = fit->counts > 0.0;
	if (!out->armed || w->filled < w->length) { return; }
	length_s = length_of(w);
	for (uint32_t g = 0; g < s->groups; g++) {
		if (s->group_mask[g] & mask) { score_group(w, fit, s->group_mask[g] & mask, length_s / fit->exposure_s, out); }
	}
	out->window_s = length_s;
	out->crossed = out->statistic >= out->threshold;
}
