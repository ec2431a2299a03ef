/* The vacant background of one radiation: a ring of bins, their mean, and one common relative trend.
 *
 * Bins of about a second make samples of any period and sparse vacant records one estimator.  A bin enters the
 * fit when it is older than the guard, so the seconds in which a vehicle approaches can still be taken back.
 */
#include "ea_lane.h"

#define BIN_S 1.0                /* shorter than any guard that matters, longer than a sample */
#define FULL_BINS 150.0          /* 120 s of 1 s bins, 300 s of 2 s bins: a fit of either costs under 1 us */
#define SPARSE_MAX_S 10.0        /* vacant records come every 5 s (VM-250 GB); one lost makes 10 */
#define OLD 3.0                  /* in ring lengths: bins older than this leave ... */
#define ENOUGH 0.25              /* ... once the younger ones are this part of the ring.  A straight trend is a
                                  * fair model of rain and radon over minutes, not over the half hour that
                                  * 120 vacant seconds take in a queue. */
#define FACTOR_MAX 2.0           /* nothing natural halves or doubles a background within the horizon */
#define TINY_S 1e-6              /* sums of decimal intervals are not exact */

static ea_bin *bin_at(ea_ring *r, uint32_t i)
{
	return &r->bin[(r->first + i) % EA_BINS];
}

static const ea_bin *bin_seen(const ea_ring *r, uint32_t i)
{
	return &r->bin[(r->first + i) % EA_BINS];
}

uint32_t ea_channels(const ea_settings *s, int radiation)
{
	return radiation == EA_GAMMA ? s->panels : s->tubes;
}

ea_ring_rules ea_ring_rules_of(const ea_settings *s, int radiation)
{
	int gamma = radiation == EA_GAMMA;
	double length_s = gamma ? s->background_s : s->neutron_background_s;
	return (ea_ring_rules){
		.length_s = length_s,
		.bin_s = fmax(BIN_S, length_s / FULL_BINS),
		.guard_s = s->guard_s,
		.arm_s = gamma ? s->arm_exposure_s : s->neutron_arm_s,
		.least_counts = gamma ? 1.0 : 0.0,
		.level_sd = s->level_sd,
		.level_sd_per_s = s->level_sd_per_min / 60.0,
		.suspect_s = s->suspect_s,
		.slope_sd_per_s = gamma ? s->slope_sd_per_min / 60.0 : 0.0,     /* neutrons: too few to see a trend */
	};
}

void ea_ring_init(ea_ring *r, const ea_settings *s, int radiation)
{
	r->is = ea_ring_rules_of(s, radiation);
	r->channels = ea_channels(s, radiation);
	r->mask = (1u << r->channels) - 1u;
	r->free_s = -HUGE_VAL;
	r->since_s = -HUGE_VAL;
}

double ea_ring_newest(const ea_ring *r)
{
	return r->bins ? bin_seen(r, r->bins - 1)->end_s : -HUGE_VAL;
}

double ea_ring_served(const ea_ring *r, const double *counts)
{
	double sum = 0.0;
	for (uint32_t c = 0; c < r->channels; c++) {
		if (r->mask >> c & 1u) { sum += counts[c]; }
	}
	return sum;
}

static void fit_mean(ea_ring *r)
{
	ea_fit *f = &r->fit;
	double first_s = bin_seen(r, 0)->mid_s, moment = 0.0;
	memset(f, 0, sizeof *f);
	r->span_s = 0.0;
	for (uint32_t i = 0; i < r->used; i++) {
		const ea_bin *b = bin_seen(r, i);
		for (uint32_t c = 0; c < r->channels; c++) { f->total[c] += b->counts[c]; }
		f->exposure_s += b->exposure_s;
		moment += b->exposure_s * (b->mid_s - first_s);
		r->span_s += b->span_s;
	}
	f->mid_s = first_s + moment / f->exposure_s;
	f->end_s = bin_seen(r, r->used - 1)->end_s;
	f->counts = ea_ring_served(r, f->total);
}

/* Ridge regression of the bins on time: x_i ~ R e_i (1 + s d_i), s ~ N(0, slope_sd^2)  (algorithms.md 4.1). */
static void fit_slope(ea_ring *r)
{
	ea_fit *f = &r->fit;
	double rate = f->counts / f->exposure_s, lean = 0.0, spread = 0.0;
	if (!(r->is.slope_sd_per_s > 0.0)) { return; }
	for (uint32_t i = 0; i < r->used; i++) {
		const ea_bin *b = bin_seen(r, i);
		double d = b->mid_s - f->mid_s;
		lean += d * (ea_ring_served(r, b->counts) - rate * b->exposure_s);
		spread += b->exposure_s * d * d;
	}
	f->slope_var = 1.0 / (rate * spread + 1.0 / (r->is.slope_sd_per_s * r->is.slope_sd_per_s));
	f->slope_per_s = lean * f->slope_var;
}

static void fit(ea_ring *r)
{
	if (r->used == 0) {
		memset(&r->fit, 0, sizeof r->fit);
		r->span_s = 0.0;
		return;
	}
	fit_mean(r);
	fit_slope(r);
}

static void drop_oldest(ea_ring *r)
{
	if (r->used) { r->span_s -= bin_seen(r, 0)->span_s; }
	r->first = (r->first + 1) % EA_BINS;
	r->bins--;
	if (r->used) { r->used--; }
}

static int oldest_is_spent(const ea_ring *r)
{
	const ea_bin *b = bin_seen(r, 0);
	double rest_s = r->span_s - b->span_s;
	if (r->used < 2) { return 0; }
	if (r->span_s > r->is.length_s + TINY_S) { return 1; }
	return b->end_s < ea_ring_newest(r) - OLD * r->is.length_s && rest_s >= ENOUGH * r->is.length_s;
}

/* Take the bins that the guard has passed.  The very first is used at once: the vendor's rule arms on the first
 * vacant value, and the other rules still wait for their exposure. */
static void use_bins(ea_ring *r, double t_s)
{
	uint32_t before = r->used;
	if (r->bins == 1) { r->used = 1; }
	while (r->used + 1 < r->bins && bin_seen(r, r->used)->end_s <= t_s - r->is.guard_s + TINY_S) {
		r->span_s += bin_seen(r, r->used)->span_s;
		r->used++;
	}
	if (r->used == before && r->bins > 1) { return; }
	while (oldest_is_spent(r)) { drop_oldest(r); }
	fit(r);
}

static void fill(ea_bin *b, double t_s, double exposure_s, double span_s, const double *counts, uint32_t channels)
{
	double share = exposure_s / (b->exposure_s + exposure_s);
	double mid_s = t_s - 0.5 * exposure_s;
	b->mid_s = b->exposure_s > 0.0 ? b->mid_s + share * (mid_s - b->mid_s) : mid_s;
	b->end_s = t_s;
	b->exposure_s += exposure_s;
	b->span_s += span_s;
	for (uint32_t c = 0; c < channels; c++) { b->counts[c] += counts[c]; }
}

/* The newest bin until it is full or the fit has it; the very first stays open in the fit. */
static ea_bin *open_bin(ea_ring *r)
{
	ea_bin *b = r->bins ? bin_at(r, r->bins - 1) : NULL;
	int shut = r->used == r->bins && r->bins != 1;
	if (b && !shut && b->span_s < r->is.bin_s - TINY_S) { return b; }
	if (r->bins == EA_BINS) { drop_oldest(r); }
	b = bin_at(r, r->bins++);
	memset(b, 0, sizeof *b);
	return b;
}

/* counts: of exposure_s ending at t_s; t_s not before the newest bin (ea_ring_takes). */
void ea_ring_add(ea_ring *r, double t_s, double exposure_s, const double *counts)
{
	double span_s = fmax(exposure_s, fmin(t_s - r->since_s, r->bins ? SPARSE_MAX_S : exposure_s));
	fill(open_bin(r), t_s, exposure_s, span_s, counts, r->channels);
	r->since_s = t_s;
	use_bins(r, t_s);
}

int ea_ring_takes(const ea_ring *r, double start_s, double end_s)
{
	return !r->suspicion.active && start_s >= r->free_s - TINY_S && end_s >= ea_ring_newest(r);
}

void ea_ring_begin(ea_ring *r, double t_s)
{
	while (r->bins > 1 && ea_ring_newest(r) > t_s - r->is.guard_s) { r->bins--; }   /* the only bin stays */
	r->used = r->bins;                                                             /* the guard has passed these */
	fit(r);
	while (oldest_is_spent(r)) { drop_oldest(r); }
	fit(r);
}

void ea_ring_end(ea_ring *r, double t_s)
{
	r->free_s = t_s + r->is.guard_s;
	r->since_s = fmax(r->since_s, r->free_s);
}

void ea_ring_serve(ea_ring *r, uint32_t mask)
{
	r->mask = mask;
	fit(r);
}

void ea_ring_clear(ea_ring *r)
{
	r->first = r->bins = r->used = 0;
	fit(r);
}

void ea_ring_put(ea_ring *r, double end_s, double exposure_s, const double *rate_cps)
{
	double kept_s = fmin(exposure_s, r->is.length_s), counts[EA_GAMMA_MAX] = {0};
	uint32_t n = (uint32_t)fmax(1.0, ceil(kept_s / r->is.bin_s - TINY_S));
	double each_s = kept_s / n;
	for (uint32_t c = 0; c < r->channels; c++) { counts[c] = rate_cps[c] * each_s; }
	ea_ring_clear(r);
	for (uint32_t i = 0; i < n; i++) {
		ea_bin *b = bin_at(r, r->bins++);
		memset(b, 0, sizeof *b);
		fill(b, end_s - each_s * (n - 1 - i), each_s, each_s, counts, r->channels);
	}
	r->used = r->bins;
	r->since_s = fmax(r->free_s, end_s);
	fit(r);
}

int ea_ring_renewed(const ea_ring *r, double since_s)
{
	const ea_bin *oldest = bin_seen(r, 0);
	return r->used && r->span_s >= r->is.length_s - 2.0 * fmax(r->is.bin_s, SPARSE_MAX_S)
		&& oldest->end_s - oldest->span_s >= since_s - TINY_S;
}

/* A trend is not believed further ahead than the time it was seen for: then the level stays and its error,
 * level_sd_per_min, goes on growing.  The fit is not empty. */
ea_level ea_level_at(const ea_fit *f, const ea_ring_rules *is, double t_s)
{
	double ahead_s = fmin(t_s, f->end_s + is->length_s) - f->mid_s;
	double age_s = fmax(0.0, t_s - f->end_s), growth = is->level_sd_per_s * age_s;
	return (ea_level){
		.age_s = age_s,
		.factor = fmin(FACTOR_MAX, fmax(1.0 / FACTOR_MAX, 1.0 + f->slope_per_s * ahead_s)),
		.common_var = is->level_sd * is->level_sd + growth * growth + ahead_s * ahead_s * f->slope_var,
	};
}

ea_present ea_ring_present(const ea_ring *r, double t_s)
{
	const ea_fit *f = &r->fit;
	ea_present p = {0};
	ea_level level;
	if (!(f->exposure_s > 0.0)) { return p; }
	level = ea_level_at(f, &r->is, t_s);
	p.age_s = level.age_s;
	p.factor = level.factor;
	p.rate_cps = f->counts / f->exposure_s * p.factor;
	p.armed = f->exposure_s >= r->is.arm_s - TINY_S && f->counts >= r->is.least_counts;
	p.variance = level.common_var + 1.0 / fmax(1.0, f->counts);
	return p;
}

/* Saved bytes are not trusted: what indexes memory or bounds a loop must hold. */
int ea_ring_sane(const ea_ring *r, uint32_t channels)
{
	return r->first < EA_BINS && r->bins <= EA_BINS && r->used <= r->bins && (r->used || !r->bins)
		&& r->channels == channels && !(r->mask >> channels) && r->suspicion.active <= 1u;
}
