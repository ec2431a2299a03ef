/* Inside of the alarm kernel: the state of a lane and what its files offer each other.  Not a contract.
 *
 * Every struct holds values only (no pointers) and begins as zero bytes, so the bytes of a lane are its state.
 */
#ifndef EA_LANE_H
#define EA_LANE_H

#include <math.h>
#include <string.h>

#include "ea_kernel.h"
#include "ea_vitals.h"

enum {
	EA_BINS = 224,          /* 150 full bins (ea_ring_init) and room for bins cut short by occupancies; when it is
	                         * full all the same, the oldest goes and the background is of a shorter time */
	EA_HULL = 64,           /* blocks of the FOCuS hull; it grows like log(samples): 25 in 2 million samples */
	EA_KSIGMA_MAX = 64,     /* longest sum of the compatibility rule */
	EA_NEUTRON_RING = 160,  /* 8 s of the shortest interval, 0.05 s */
	EA_BEFORE = 48          /* vacant samples a passage can begin with: 2 s of the shortest interval, and some */
};

#define EA_TIME_MAX_S 1e9       /* 31 years: a double still resolves 0.1 us there */
#define EA_INTERVAL_MIN_S 0.01
#define EA_INTERVAL_MAX_S 600.0 /* longest vacant record a profile may state */
#define EA_PASSAGE_INTERVAL_MAX_S 2.001  /* longer ones are records of the vacant lane (issue 3: 0.05 to 2 s) */
/* FOCuS does not reach back over a hole this long: at 2 km/h a vehicle is 2.8 m further, past what one panel sees of a
 * point, and 5 s is when the silence is a fault.  A lost second costs a slow vehicle nothing. */
#define EA_HOLE_S 5.0
#define EA_RATE_MAX_CPS 4294967295.0
#define EA_SPEED_MIN_MPS 0.05   /* 3 m in a minute: slower is standing */
#define EA_SPEED_MAX_MPS 60.0
#define EA_PLACE_MAX_M 100.0    /* no panel stands further from its lane */

typedef struct {
	double mid_s;                    /* exposure-weighted middle of what is in it */
	double end_s;                    /* end of the newest contribution */
	double exposure_s;               /* counting time, as given */
	double span_s;                   /* vacant time it stands for; >= exposure_s (a sparse record stands for its cadence) */
	double counts[EA_GAMMA_MAX];
} ea_bin;

typedef struct {                     /* of the used bins; all zero when there are none */
	double total[EA_GAMMA_MAX];      /* counts per channel */
	double exposure_s;
	double counts;                   /* sum of total[] over channels in service */
	double mid_s;                    /* exposure-weighted mean time */
	double end_s;                    /* end of the newest used bin */
	double slope_per_s;              /* relative, common to all channels */
	double slope_var;                /* its posterior variance, per s^2 */
} ea_fit;

typedef struct {
	uint32_t active;                 /* 1: the vacant lane itself looks like a source, nothing is learned */
	uint32_t relearned;              /* times the wait ran out and the background was learned anew */
	double since_s;                  /* when it began */
	double calm_s, calm_counts, calm_expected; /* the five seconds being gathered to see it over */
} ea_suspicion;

typedef struct {                     /* from the settings, constant after init */
	double length_s, bin_s, guard_s, arm_s;
	double least_counts;             /* to be armed: gamma rules divide by the rate, the neutron test is right at 0 */
	double level_sd, level_sd_per_s, slope_sd_per_s;
	double suspect_s;
} ea_ring_rules;

typedef struct {
	ea_bin bin[EA_BINS];             /* ring */
	uint32_t first, bins;            /* slot of the oldest; held.  bins <= EA_BINS */
	uint32_t used;                   /* oldest of them, in the fit; used <= bins, and >= 1 where bins >= 1 */
	uint32_t channels, mask;         /* mask: in service */
	uint32_t spare;                  /* keeps the struct free of padding; always 0 */
	double span_s;                   /* invariant: sum of span_s of the used bins */
	ea_ring_rules is;
	double free_s;                   /* counting that began before this is not taken: guard after an occupancy */
	double since_s;                  /* vacant time up to here is accounted for */
	ea_fit fit;
	ea_suspicion suspicion;
} ea_ring;

typedef struct {                     /* the background projected to one moment */
	double rate_cps;                 /* channels in service */
	double factor;                   /* projected / mean */
	double age_s;                    /* since the newest used bin */
	double variance;                 /* relative, all causes */
	uint32_t armed;
} ea_present;

typedef struct {                     /* what projecting a fit to one moment makes of it */
	double factor, age_s;            /* as in ea_present */
	double common_var;               /* relative; the error all channels share, so without their counting */
} ea_level;

typedef struct { double counts, expected, length_s, start_s; } ea_block;

typedef struct {
	ea_block block[EA_HULL];         /* oldest first; counts/expected strictly rising, all > 1 */
	uint32_t blocks, spare;
	uint64_t overflows;
} ea_hull;

typedef struct {
	uint32_t counts[EA_KSIGMA_MAX][EA_GAMMA_MAX];
	double interval_s[EA_KSIGMA_MAX];
	uint64_t sum[EA_GAMMA_MAX];      /* invariant: sum over the filled slots */
	uint32_t length, filled, next, spare;
} ea_window;

typedef struct {
	double counts[EA_NEUTRON_RING];  /* clipped, tubes in service */
	double interval_s[EA_NEUTRON_RING];
	uint32_t filled, next;
	uint64_t clips;
} ea_neutrons;

typedef struct {
	double last_s, until_s, hold_in_s; /* last reading; end of the running hold-in; setting */
	uint32_t state, seen;              /* seen: last_s is a time */
} ea_beams;

typedef struct {
	double sample_s, rate_s;         /* newest of each kind; a burst of samples may be older than a rate */
	uint32_t sampled, rated;         /* they are times */
} ea_stream;

typedef struct {
	double t_s, interval_s;
	uint32_t counts[EA_GAMMA_MAX];
} ea_sample;

typedef struct { double t_s, interval_s, counts; } ea_neutron_sample;   /* clipped, tubes in service */

typedef struct {                     /* the newest samples of the vacant lane: a vehicle shadows before it breaks the beam */
	ea_sample sample[EA_BEFORE];     /* rings */
	ea_neutron_sample neutron[EA_BEFORE];
	uint32_t filled, next, neutron_filled, neutron_next;
} ea_before;

typedef struct {                     /* equal bins of a passage */
	double exposure_s[EA_PASSAGE_BINS];  /* 0: the wire gave nothing there */
	double grid_s;                   /* bin 0 begins */
	double interval_s;               /* of its first sample: one step of the grid */
	uint64_t per_bin;                /* steps in a bin: 1, 2, 4 ...; >= 1 where bins >= 1 */
	uint64_t next;                   /* step the next sample should be */
	uint32_t bins;                   /* up to the newest with counts; <= EA_PASSAGE_BINS */
	uint32_t spare;
} ea_grid;

typedef struct {                     /* the vehicle in the lane, or the last one */
	ea_grid gamma, neutron;
	double counts[EA_PASSAGE_BINS][EA_GAMMA_MAX];
	double neutrons[EA_PASSAGE_BINS];    /* clipped, tubes in service */
	double begin_s;                  /* of its occupancy, as ea_beam was told */
	double speed_mps;                /* 0: not measured */
	double gap_s;                    /* longest time the beam was clear inside it */
	ea_fit fit, neutron_fit;         /* backgrounds as they were before it: looks after it find the same */
	uint32_t seen, spare;            /* seen: there was a vehicle */
} ea_passage;

struct ea_lane {
	uint64_t mark;                   /* lane_mark(): of this layout */
	ea_settings settings;
	ea_ring ring[2];                 /* by radiation */
	ea_stream stream[2];
	ea_hull hull;
	ea_window window;
	ea_neutrons neutrons;
	ea_hull rate_hull;               /* the same over records of vacant rates */
	ea_neutrons rate_neutrons;
	ea_beams beams;
	ea_before before;
	ea_passage passage;
	double neutron_threshold, neutron_vacant_threshold;  /* normal quantiles of settings.neutron_p, neutron_vacant_p */
	double neutron_log_p, neutron_vacant_log_p;
	double place_sd;                 /* of ea_relearn */
	ea_vitals vitals[2];             /* by radiation */
};

/* background.c */
uint32_t ea_channels(const ea_settings *s, int radiation);
ea_ring_rules ea_ring_rules_of(const ea_settings *s, int radiation);
void ea_ring_init(ea_ring *r, const ea_settings *s, int radiation);
void ea_ring_add(ea_ring *r, double t_s, double exposure_s, const double *counts);
void ea_ring_begin(ea_ring *r, double t_s);              /* an occupancy began: forget the guard before it */
void ea_ring_end(ea_ring *r, double t_s);                /* it ended: nothing before the guard after it */
void ea_ring_serve(ea_ring *r, uint32_t mask);
double ea_ring_served(const ea_ring *r, const double *counts);   /* sum over the channels in service */
void ea_ring_put(ea_ring *r, double end_s, double exposure_s, const double *rate_cps);
void ea_ring_clear(ea_ring *r);
int ea_ring_takes(const ea_ring *r, double start_s, double end_s);
double ea_ring_newest(const ea_ring *r);                 /* end of the newest bin; -HUGE_VAL when empty */
int ea_ring_sane(const ea_ring *r, uint32_t channels);
ea_present ea_ring_present(const ea_ring *r, double t_s);
ea_level ea_level_at(const ea_fit *f, const ea_ring_rules *is, double t_s);

int ea_ring_renewed(const ea_ring *r, double since_s);  /* full, and no count in use is from before */

/* suspicion.c */
int ea_suspect(ea_ring *r, double t_s, double interval_s, double counts, double expected, uint32_t crossed);

/* vacant.c */
double ea_rarer(const ea_settings *s, double stood_s);
double ea_stand_rarer(const ea_lane *lane, double t_s);  /* ln of how much rarer a crossing has to be by now */
double ea_focus_threshold(const ea_lane *lane, double t_s);
double ea_neutron_limit(const ea_lane *lane, double t_s);
double ea_neutron_threshold(const ea_lane *lane, double t_s);
double ea_oldest_vacant(const ea_lane *lane, double t_s);
void ea_vacant_judge(ea_lane *lane, int radiation, double t_s, double exposure_s, const double *counts, ea_look *out);
void ea_vacant_forget(ea_lane *lane, int radiation);
void ea_vacant_forget_rates(ea_lane *lane, int radiation);

/* focus.c */
double ea_focus_statistic(double counts, double expected, double variance);
void ea_hull_clear(ea_hull *h);
void ea_hull_add(ea_hull *h, ea_block sample, double oldest_s);
void ea_hull_score(const ea_hull *h, double variance, ea_score *out);

/* ksigma.c */
void ea_window_clear(ea_window *w);
void ea_window_add(ea_window *w, double interval_s, const uint32_t *counts, uint32_t channels);
void ea_ksigma_score(const ea_window *w, const ea_fit *fit, const ea_settings *s, uint32_t mask, ea_score *out);

/* neutron.c */
uint32_t ea_neutron_clip(double mean, double interval_s);
double ea_neutrons_add(ea_neutrons *w, double interval_s, double counts, double mean);   /* the clipped counts */
void ea_neutron_score(const ea_neutrons *w, const ea_fit *fit, double log_p, ea_score *out);

/* grid.c */
uint32_t ea_grid_bin(ea_grid *g, double t_s, double interval_s, double *counts, uint32_t width);
int ea_grid_sane(const ea_grid *g);

/* passage.c */
void ea_passage_begin(ea_lane *lane, double t_s);        /* after the ring has forgotten its guard */
void ea_passage_resumed(ea_lane *lane, double t_s);      /* the beam is broken again inside the hold-in */
void ea_passage_add(ea_lane *lane, double t_s, double interval_s, const uint32_t *counts);
int ea_passage_finished(const ea_lane *lane);
void ea_passage_add_neutrons(ea_lane *lane, double t_s, double interval_s, double clipped);
void ea_passage_forget_neutrons(ea_lane *lane);          /* after the ring has another mask */
int ea_passage_sane(const ea_passage *p);
int ea_before_sane(const ea_before *b);
double ea_passage_on(const ea_lane *lane);               /* the vehicle broke the beam, and cleared it */
double ea_passage_off(const ea_lane *lane);

/* tail.c */
double ea_deviance(double excess_ratio);                 /* (1+u) ln(1+u) - u */
double ea_log_binomial_tail(double n, double m, double odds);
double ea_normal_quantile(double log_p);

/* occupancy.c */
int ea_beams_read(ea_beams *b, double t_s, int occupied);
int ea_beams_clock(ea_beams *b, double t_s);

static inline int ea_is_time(double t_s)
{
	return t_s >= -EA_TIME_MAX_S && t_s <= EA_TIME_MAX_S;   /* false for NaN */
}

static inline int ea_in_range(double x, double low, double high)
{
	return x >= low && x <= high;                           /* false for NaN */
}

#endif
