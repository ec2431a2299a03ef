/* Neutrons: few counts, so exact probabilities and never a square root.
 *
 * For windows from 0.6 s to 8 s that end now: p = chance of so many counts or more, given the vacant counts and
 * their exposure.  The statistic is the normal quantile of the smallest p (1e-10 in z); windows less than one sigma
 * above their mean are passed over, so it is 0 on most quiet looks.  No trend and no level error: a few per cent of
 * drift are nothing beside the scatter of some twenty counts.
 *
 * Clip.  A cosmic-ray shower in steel or in the ground gives several counts within a millisecond: one sample.  A
 * source spreads over seconds.  So one sample counts at most c, the smallest number with P(N >= c) below
 *   0.5 %  for samples up to 0.25 s (2 at 0.5 cps, 4 at 2 cps), five of which make a second.  1 % (3 at 2 cps,
 *          detection.md 2) takes a part of sources of 8 cps too, 0.1 % gives showers three times the budget at
 *          0.5 cps (docs/decisions/0005);
 *   1e-4   for longer ones (10 at 2 cps): two seconds of a strong source suffice and still no single sample, however
 *          large, alarms.  Passages of 10 s, 2 cps, 1 s samples, p 1e-6: a 9 cps source is seen in 86 % of them, false
 *          alarms with one shower of mean size 4 per 100 s 2e-4.  With 1 %: 49 % and < 2e-5.  Unclipped: 90 % and
 *          7e-3.  (0.2 s samples at 1 %: 87 % and 3e-5.)     native/out/simulate neutron 60000 10 1 2 9
 * The vacant counts are not clipped: they are long, and clipping them would lower the background.
 */
#include "ea_lane.h"

#define SHORT_SAMPLE_S 0.25
#define CLIP_SHORT 5e-3
#define CLIP_LONG 1e-4
#define CLIP_MEAN_MAX 50.0   /* above this a shower is inside the scatter */
#define TINY_S 1e-6
#define NEARLY 0.999999      /* exactly one sigma is common with whole counts: not for rounding to decide */

/* Steps of 1.5: a window off by 1.22 at worst loses 2 % of a source's significance. */
static const double WINDOW_S[] = {0.6, 1.0, 1.6, 2.4, 3.6, 5.4, 8.0};
enum { WINDOWS = sizeof WINDOW_S / sizeof WINDOW_S[0] };

uint32_t ea_neutron_clip(double mean, double interval_s)
{
	double limit = interval_s <= SHORT_SAMPLE_S + TINY_S ? CLIP_SHORT : CLIP_LONG;
	double term = exp(-mean), tail = -expm1(-mean);      /* P(N = 0), P(N >= 1) */
	uint32_t c = 1;
	if (!(mean <= CLIP_MEAN_MAX)) { return UINT32_MAX; }
	while (tail >= limit) {
		term *= mean / c;
		tail -= term;
		c++;
	}
	return c;
}

double ea_neutrons_add(ea_neutrons *w, double interval_s, double counts, double mean)
{
	double most = mean > 0.0 ? ea_neutron_clip(mean, interval_s) : counts;
	if (counts > most) {
		counts = most;
		w->clips++;
	}
	w->counts[w->next] = counts;
	w->interval_s[w->next] = interval_s;
	w->next = (w->next + 1) % EA_NEUTRON_RING;
	if (w->filled < EA_NEUTRON_RING) { w->filled++; }
	return counts;
}

static void look(double counts, double length_s, const ea_fit *fit, double *least, ea_score *out)
{
	double odds = length_s / fit->exposure_s, expected = fit->counts * odds, log_p;
	double mean = (fit->counts + 1.0) * odds;                   /* of the predictive distribution */
	if (!(counts > mean && (counts - mean) * (counts - mean) > mean * NEARLY)) { return; }
	log_p = ea_log_binomial_tail(counts, fit->counts, odds);
	if (log_p >= *least) { return; }
	*least = log_p;
	out->window_s = length_s;
	out->counts = counts;
	out->expected = expected;
	out->expected_sd = sqrt(fit->counts + 1.0) * odds;
}

void ea_neutron_score(const ea_neutrons *w, const ea_fit *fit, double log_p, ea_score *out)
{
	double counts = 0.0, length_s = 0.0, least = 0.0;
	uint32_t next = 0, slot = w->next;
	for (uint32_t i = 1; i <= w->filled && next < WINDOWS; i++) {
		slot = slot ? slot - 1 : EA_NEUTRON_RING - 1;
		counts += w->counts[slot];
		length_s += w->interval_s[slot];
		if (length_s < WINDOW_S[next] - TINY_S) { continue; }
		look(counts, length_s, fit, &least, out);
		while (next < WINDOWS && WINDOW_S[next] <= length_s + TINY_S) { next++; }
	}
	out->statistic = ea_normal_quantile(least);
	out->crossed = least < log_p;
}
