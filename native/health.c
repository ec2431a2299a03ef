/* State of health: what the counts of a channel say about the channel (detection.md 3.7).
 *
 * Each sample is looked at for zeros, repeats and single peaks with integers alone; everything else is done once a
 * second, on whole seconds of the vacant lane that no vehicle came near (PENDING seconds are held back and dropped
 * when one comes).  Nothing here changes a count or a rule: zeros, repeats and gaps are reported, and while an
 * over-range stands nothing is learned (ea_health_holds).  Putting a channel out is its owner's act: ea_in_service.
 *
 * False faults.  Every threshold follows from EA_FALSE_A_YEAR per test and lane, with the number of looks in a year:
 *   zeros      exp(-B w) < 1e-9 with B taken at 0.8 of the reference in the vacant lane, 0.5 in an occupancy (rain and
 *              radon only raise it; the deepest shadow reported is 0.4): in truth below 6e-12 vacant, and looks are
 *              4 x 1.6e8 a year at 0.2 s: 0.004 a year
 *   repeats    k from p = (2 pi B)^(-(k-1)/2) / sqrt(k), B at 0.6 of the reference (that shadow), p x looks < 0.1 a year
 *   scatter    pairs of neighbouring samples: (a-b)^2/(a+b) given a+b has mean 1 and variance 2 - 2/(a+b), whatever the
 *              rate: drift cannot raise it.  Their sum over a window is held against chi-square quantiles
 *              (Wilson and Hilferty 1931) of 0.1 false faults a year over all channels and both sides
 *   share      CUSUM of the log likelihood ratio of a binomial with share q(1 +- e) against q(1 +- d), e > d: as exp() of it is
 *              a martingale at q(1 +- d), n looks cross h less than n exp(-h) times (Lorden 1971).  1e-6 a day
 *   rate       of a tube against its own long-term rate, the same with Poisson; air pressure moves it by 20 %
 */
#include "ea_lane.h"

#define LEAST_VACANT 0.8
#define LEAST_OCCUPIED 0.5
#define LONE_OTHERS 1.5          /* z < 3: no neighbour rose */
#define HOT_SAMPLES_S 3.0        /* "right after" */
#define QUIET_AFTER_RISE 6.9     /* -ln 1e-3, of tubes: 17 s of none */
#define GAP_S 2.5               /* stamps of an opening burst lie a second back; a delayed packet comes within two */
#define HOT_RATES_S 11.0         /* the same for records of 5 s, one of them lost */
#define SECOND_S (1.0 - 1e-6)    /* sums of decimal intervals are not exact */

/* A panel has its background under whatever passes, so one zero right after a rise is no chance.  A tube of a count a
 * second has many; a source that passes at 20 km/h leaves one in the next: it takes a run that chance gives once in 1000. */
static int is_sudden(const ea_vitals *h, int radiation, uint32_t c, double t_s, double until_s)
{
	if (!(h->was_hot >> c & 1u)) { return 0; }
	return radiation == EA_GAMMA ? t_s - h->hot_s[c] <= until_s : h->quiet[c] > QUIET_AFTER_RISE;
}

static void zero(ea_vitals *h, int radiation, uint32_t c, double t_s, double interval_s, double hot_s, double least)
{
	if (!(h->doubt >> c & 1u)) { h->quiet[c] += least * h->expected_cps[c] * interval_s; }
	if (h->overload >> c & 1u || is_sudden(h, radiation, c, t_s, hot_s + interval_s)) {
		h->overload |= 1u << c;
		h->calm_s = 0.0;
	} else if (h->quiet[c] > EA_QUIET_MAX && !(h->doubt >> c & 1u)) {
		h->silent |= 1u << c;
		h->trouble_s[c] = t_s;
	}
}

static void fail(ea_vitals *h, uint32_t channels, double t_s, uint32_t silent, uint32_t stuck)
{
	h->silent |= silent;
	h->stuck |= stuck;
	h->stuck_vacant |= stuck;
	for (uint32_t c = 0; c < channels; c++) {
		if ((silent | stuck) >> c & 1u) { h->trouble_s[c] = t_s; }
	}
}

/* Of a lane where nothing was ever heard, what was due of all together while samples were all zero is held against chance:
 * one tube alone at its least rate takes four times as long.  Samples only: a portal may round its records down to 0. */
static void all_quiet(ea_vitals *h, const uint32_t *counts, uint32_t channels, double interval_s, double least, double t_s)
{
	double due = 0.0;
	for (uint32_t c = 0; c < channels; c++) {
		if (counts[c] || ea_health_known(h, c)) {
			h->mute = 0.0;
			return;
		}
		due += h->expected_cps[c];
	}
	h->mute += least * due * interval_s;
	if (h->mute > EA_QUIET_MAX && !h->overload) { fail(h, channels, t_s, (1u << channels) - 1u, 0); }
}

/* A lane that is blind takes a channel far up for what it is: it is sound, and no zero run. */
static void heat(ea_vitals *h, uint32_t c, double t_s, double counts, double interval_s, int blind)
{
	if (blind) {
		h->silent &= ~(1u << c);
		h->stuck &= ~(1u << c);
		h->stuck_vacant &= ~(1u << c);
	}
	if (!(h->doubt >> c & 1u)) { h->shaky &= ~(1u << c); }
	else if (!(h->was_hot >> c & 1u) || t_s - h->hot_s[c] > HOT_SAMPLES_S) { h->shaky |= 1u << c; }
	h->was_hot |= 1u << c;
	h->hot_s[c] = t_s;
	h->hot_cps[c] = counts / interval_s;
}

/* One panel, one sample, and no neighbour: noise from a cable is so, a source hardly ever. */
static void lone(ea_vitals *h, uint32_t c, const uint32_t *counts, uint32_t channels, double interval_s)
{
	for (uint32_t i = 0; i < channels; i++) {
		double b = h->expected_cps[i] * interval_s;
		if (i != c && (!ea_health_known(h, i) || counts[i] >= ea_health_peak(b, LONE_OTHERS))) { return; }
	}
	h->lone |= 1u << c;
	h->lone_z[c] = 2.0 * (sqrt((double)counts[c]) - sqrt(h->expected_cps[c] * interval_s));
}

/* A doubted rise of one sample that the very next one, a count as of the background, does not bear out was none: what stops
 * after it is the line.  A rise that was not doubted, or that lasts, is one whatever follows. */
static void refute(ea_vitals *h, uint32_t c, double counts, double interval_s)
{
	if ((h->shaky & ~h->doubt) >> c & 1u && counts >= LEAST_OCCUPIED * h->expected_cps[c] * interval_s) { h->was_hot &= ~(1u << c); }
}

static void look_odd(ea_lane *lane, int radiation, double t_s, double interval_s, const uint32_t *counts, uint32_t odd)
{
	ea_vitals *h = &lane->vitals[radiation];
	uint32_t channels = lane->ring[radiation].channels, alone = h->lone;
	double least = lane->beams.state == EA_VACANT ? LEAST_VACANT : LEAST_OCCUPIED;
	h->lone = 0;
	for (uint32_t c = 0; c < channels; c++) {
		if (counts[c] == 0) {
			zero(h, radiation, c, t_s, interval_s, HOT_SAMPLES_S, least);
		} else {
			h->quiet[c] = 0.0;
			/* A tube that still counts after the rise has not failed; it counts so little that zeros follow by chance. */
			if (radiation == EA_NEUTRON && counts[c] < h->hot_at[c]) { h->was_hot &= ~(1u << c); }
		}
		if (!(odd >> c & 1u)) {
			h->spikes[c] += alone >> c & 1u;            /* it lasted one sample */
			if (counts[c]) { refute(h, c, counts[c], interval_s); }
		} else if (counts[c]) {
			if (counts[c] >= h->hot_at[c]) { heat(h, c, t_s, counts[c], interval_s, !lane->ring[radiation].mask); }
			if (radiation == EA_GAMMA && channels > 1 && counts[c] >= h->lone_at[c] && !((h->odd | h->doubt) >> c & 1u)) {
				lone(h, c, counts, channels, interval_s);
			}
		}
	}
	all_quiet(h, counts, channels, interval_s, least, t_s);
}

static void freeze(ea_vitals *h, uint32_t same, double t_s, uint32_t channels, int taken)
{
	h->stuck |= same;
	if (taken) { h->stuck_vacant |= same; }
	for (uint32_t c = 0; c < channels; c++) {
		if (same >> c & 1u) { h->trouble_s[c] = t_s; }
	}
}

static void look_again(ea_vitals *h, uint32_t again, double t_s, uint32_t channels, int taken)
{
	uint32_t same = 0;
	for (uint32_t c = 0; c < channels; c++) {
		h->equal[c] = again >> c & 1u ? h->equal[c] + 1u : 0u;
		same |= (uint32_t)(h->equal[c] + 1u >= h->stuck_at[c]) << c;
	}
	h->again = again;
	if (same) { freeze(h, same, t_s, channels, taken); }
}

/* taken: in the vacant lane, past the guard, not suspected: what the background learns from. */
void ea_health_sample(ea_lane *lane, int radiation, double t_s, double interval_s, const uint32_t *counts, int taken)
{
	ea_vitals *h = &lane->vitals[radiation];
	uint32_t channels = lane->ring[radiation].channels, odd = 0, again = 0;
	double as_double[EA_GAMMA_MAX];
	if (interval_s != h->interval_s) {
		h->interval_s = interval_s;
		ea_health_prepare(h, radiation, channels);
	}
	for (uint32_t c = 0; c < channels; c++) {
		uint32_t n = counts[c];
		again |= (uint32_t)(n == h->last[c] && n) << c;         /* zeros have a test of their own */
		odd |= (uint32_t)(n - 1u >= h->odd_above[c]) << c;      /* above, or zero */
		h->last[c] = n;
		as_double[c] = n;
	}
	if (odd | h->odd) { look_odd(lane, radiation, t_s, interval_s, counts, odd); }
	again &= ~h->doubt;
	if (again | h->again) { look_again(h, again, t_s, channels, taken); }
	h->odd = odd;
	h->steady = lane->beams.state == EA_VACANT;
	ea_health_add(h, channels, interval_s, as_double, taken);
	h->doubt = 0;
	if (h->open.exposure_s >= SECOND_S) { ea_health_second(lane, radiation, h->open.exposure_s, t_s); }
}

/* Samples since the rise have told how it ended: the last one neither zero nor steep. */
static int told_since(const ea_stream *s, const ea_vitals *h, uint32_t c)
{
	return s->sampled && s->sample_s > h->hot_s[c] && h->last[c] > 0;
}

/* A vacant record of the portal's own: each is a second by itself. */
void ea_health_rate(ea_lane *lane, int radiation, double t_s, double exposure_s, const double *counts, int taken)
{
	ea_vitals *h = &lane->vitals[radiation];
	uint32_t channels = lane->ring[radiation].channels, same = 0;
	double year = ea_health_looks(channels, exposure_s), span_s = fmax(exposure_s, fmin(t_s - h->rate_s, HOT_RATES_S));
	for (uint32_t c = 0; c < channels; c++) {
		double b = h->expected_cps[c] * exposure_s;
		h->equal_rates[c] = counts[c] == h->last_rate[c] && counts[c] > 0.0 && !(h->doubt >> c & 1u) ? h->equal_rates[c] + 1u : 1u;
		h->last_rate[c] = counts[c];
		if (counts[c] > 0.0) { h->mute = 0.0; }
		if (h->equal_rates[c] > 4u && h->equal_rates[c] >= ea_health_rate_repeats(b, year)) { same |= 1u << c; }
		if (told_since(&lane->stream[radiation], h, c)) { h->was_hot &= ~(1u << c); }
		if (!(counts[c] > 0.0)) {
			zero(h, radiation, c, t_s, exposure_s, HOT_RATES_S, LEAST_VACANT);
		} else {
			h->quiet[c] = 0.0;
			if (ea_health_known(h, c) && counts[c] >= ea_health_hot(b)) { heat(h, c, t_s, counts[c], exposure_s, !lane->ring[radiation].mask); }
		}
	}
	if (same) { freeze(h, same, t_s, channels, taken); }
	h->rate_s = t_s;
	memset(&h->open, 0, sizeof h->open);
	ea_health_add(h, channels, exposure_s, counts, taken);
	h->doubt = 0;
	ea_health_second(lane, radiation, span_s, t_s);
}

void ea_health_put(ea_lane *lane, int radiation, double exposure_s, const double *rate_cps)
{
	ea_vitals *h = &lane->vitals[radiation];
	uint32_t channels = lane->ring[radiation].channels;
	for (uint32_t c = 0; c < channels; c++) {
		h->rate_cps[c] = rate_cps[c];
		h->exposure_s[c] = fmin(exposure_s, radiation == EA_GAMMA ? EA_GAMMA_MEMORY_S : EA_NEUTRON_MEMORY_S);
	}
	ea_health_prepare(h, radiation, channels);
}

void ea_health_fail(ea_lane *lane, int radiation, double t_s, uint32_t silent, uint32_t stuck)
{
	fail(&lane->vitals[radiation], lane->ring[radiation].channels, t_s, silent, stuck);
}

int ea_health_holds(const ea_lane *lane, int radiation)
{
	return lane->vitals[radiation].overload != 0;
}

int ea_vitals_sane(const ea_vitals *h)
{
	return h->held <= EA_PENDING && h->first < EA_PENDING;
}

/* Samples stopped right after a steep rise among them, where they should have gone on: those of this vehicle, or of a
 * vacant lane that sends them.  A rise in a vacant record is no such rise, and the vehicle before had to end; the first
 * samples of the next come a second late, in a burst. */
static void look_for_gap(ea_lane *lane, int radiation, double t_s, int lost)
{
	ea_vitals *h = &lane->vitals[radiation];
	const ea_stream *s = &lane->stream[radiation];
	int begun = lane->beams.state == EA_OCCUPIED && s->sample_s >= lane->passage.begin_s, due = begun || h->steady;
	double age_s = t_s - s->sample_s;
	if (!s->sampled || !due || !(lost || age_s > fmax(GAP_S, 3.0 * h->interval_s + 0.25))) { return; }
	for (uint32_t c = 0; c < lane->ring[radiation].channels; c++) {
		double since_s = s->sample_s - h->hot_s[c];
		if (h->was_hot >> c & 1u && since_s >= 0.0 && since_s <= HOT_SAMPLES_S) {
			h->overload |= 1u << c;
			h->calm_s = 0.0;
		}
	}
}

int ea_health_look(ea_lane *lane, int radiation, double t_s, int lost, ea_health *out)
{
	ea_vitals *h;
	double sum = 0.0;
	if (radiation != EA_GAMMA && (radiation != EA_NEUTRON || !lane->settings.tubes)) { return EA_BAD_SAMPLE; }
	if (!ea_is_time(t_s)) { return EA_BAD_TIME; }
	h = &lane->vitals[radiation];
	look_for_gap(lane, radiation, t_s, lost);
	memset(out, 0, sizeof *out);
	out->silent = h->silent;
	out->stuck = h->stuck;
	out->stuck_vacant = h->stuck_vacant;
	out->noisy = h->noisy;
	out->smooth = h->smooth;
	out->low = h->low;
	out->high = h->high;
	out->overload = h->overload;
	out->lone = h->lone;
	out->sharing = h->sharing;
	for (uint32_t c = 0; c < lane->ring[radiation].channels; c++) { sum += h->sharing >> c & 1u ? h->recent[c] : 0.0; }
	for (uint32_t c = 0; c < lane->ring[radiation].channels; c++) {
		out->rate_cps[c] = h->expected_cps[c];
		out->quiet[c] = h->quiet[c];
		out->equal[c] = fmax(h->equal[c] + 1.0, h->equal_rates[c]);
		out->scatter[c] = h->scatter[c];
		out->share[c] = h->share[c];
		out->recent_share[c] = sum > 0.0 ? h->recent[c] / sum : 0.0;
		out->evidence_low[c] = h->evidence[c][0].sum;
		out->evidence_high[c] = h->evidence[c][1].sum;
		out->hot_cps[c] = h->hot_cps[c];
		out->lone_z[c] = h->lone_z[c];
		out->spikes[c] = h->spikes[c];
	}
	return EA_OK;
}
