/* Inside of the state of health: what is kept of the channels of one radiation, and what its files offer each other. */
#ifndef EA_VITALS_H
#define EA_VITALS_H

#include "ea_kernel.h"

#define EA_YEAR_S 31557600.0
#define EA_FALSE_A_YEAR 0.1          /* false faults of each test of one lane: eight tests stay below one */
#define EA_GAMMA_MEMORY_S 600.0     /* of the reference, in counting time: follows rain, outlives a minute of zeros */
#define EA_QUIET_MAX 20.723        /* -ln 1e-9: zeros that no chance gives (detection.md 3.7) */
#define EA_NEUTRON_MEMORY_S 3600.0  /* a dead tube needs a minute of it to be seen */

enum { EA_PENDING = 3 };             /* seconds of the vacant lane held back: more than the guard before a vehicle */

typedef struct {                     /* one second of counting, or one vacant record */
	double counts[EA_GAMMA_MAX], scatter[EA_GAMMA_MAX];   /* scatter: sum of (a-b)^2/(a+b) over pairs */
	double exposure_s;
	uint32_t pairs, spoiled;         /* spoiled: not all of it was of a vacant, unsuspected lane */
	uint32_t doubted, spare;         /* doubted: a count of it may be of the line (ea_doubt) */
} ea_second;

typedef struct {                     /* sum of log likelihood ratios, never below 0: counts * per_count + units * per_unit */
	double per_count, per_unit, sum;
} ea_cusum;

typedef struct {                     /* state of health of one radiation's channels (health.c) */
	ea_second open, pending[EA_PENDING];  /* pending: ring */
	uint32_t first, held;            /* slot of the oldest; held */
	double interval_s;               /* the limits below are for samples of this length */
	double rate_cps[EA_GAMMA_MAX], exposure_s[EA_GAMMA_MAX]; /* reference of each channel, and behind it */
	double expected_cps[EA_GAMMA_MAX];   /* the reference, or a guess from the neighbours */
	uint32_t last[EA_GAMMA_MAX], equal[EA_GAMMA_MAX];        /* newest count; samples before it that had it too */
	uint32_t stuck_at[EA_GAMMA_MAX], lone_at[EA_GAMMA_MAX], hot_at[EA_GAMMA_MAX];
	uint32_t odd_above[EA_GAMMA_MAX];    /* a count above is looked at closer, as a zero is */
	double last_rate[EA_GAMMA_MAX], rate_s;
	uint32_t equal_rates[EA_GAMMA_MAX];
	double quiet[EA_GAMMA_MAX], trouble_s[EA_GAMMA_MAX];     /* trouble: newest zero or repeat of a fault */
	double mute;                     /* counts due of all channels together while samples were all zero */
	double hot_s[EA_GAMMA_MAX], hot_cps[EA_GAMMA_MAX], lone_z[EA_GAMMA_MAX], calm_s;
	uint64_t spikes[EA_GAMMA_MAX];
	double half[2][EA_GAMMA_MAX], halves, half_exposure_s, half_s;   /* halves: exposure of half[0]; 0: none yet */
	double scatter_sum[EA_GAMMA_MAX], scatter[EA_GAMMA_MAX], window_s;
	double learned[EA_GAMMA_MAX], learned_s;                 /* counts behind the shares */
	double lesson_s, refined_s;                              /* the lesson began; shares were set */
	double share[EA_GAMMA_MAX], recent[EA_GAMMA_MAX];
	ea_cusum evidence[EA_GAMMA_MAX][2], own[EA_GAMMA_MAX][2]; /* low, high: of the share, of a tube's own rate */
	uint32_t pairs, seconds;
	uint32_t aside;                                          /* mask: their share has moved, the others are held without */
	uint32_t learning, taught, shared_by, sharing;           /* masks: being learned; learned; in the sum last time; tested */
	uint32_t odd, again, was_hot, steady;                    /* of the newest sample; steady: it came in the vacant lane */
	uint32_t silent, stuck, stuck_vacant, noisy, smooth, low, high, overload, lone;
	uint32_t doubt, shaky;                                   /* of ea_doubt, for the next sample or record; last rise was so */
} ea_vitals;

/* health_limits.c */
int ea_health_known(const ea_vitals *h, uint32_t c);         /* enough counts behind its reference */
double ea_health_looks(uint32_t channels, double every_s);   /* in a year */
uint32_t ea_health_repeats(double b, double looks);
uint32_t ea_health_rate_repeats(double b, double looks);
double ea_health_peak(double b, double roots);               /* counts that are 2 roots sigma above b */
double ea_health_hot(double b);                              /* counts that are a steep rise */
void ea_health_prepare(ea_vitals *h, int radiation, uint32_t channels);

/* health_share.c */
void ea_shares_prepare(ea_vitals *h, int radiation, uint32_t channels, uint32_t served);
void ea_shares_learn(ea_vitals *h, const ea_second *s, uint32_t channels, uint32_t served, int radiation, double t_s);
void ea_shares_refine(ea_vitals *h, const ea_second *s, uint32_t channels, int radiation, double t_s);
void ea_shares_judge(ea_vitals *h, const ea_second *s, uint32_t channels, int radiation);

/* health_second.c */
void ea_health_scatter_anew(ea_vitals *h, uint32_t channels);    /* the window begins anew */
void ea_health_add(ea_vitals *h, uint32_t channels, double interval_s, const double *counts, int taken);
void ea_health_second(ea_lane *lane, int radiation, double span_s, double t_s);

/* health.c */
void ea_health_sample(ea_lane *lane, int radiation, double t_s, double interval_s, const uint32_t *counts, int taken);
void ea_health_rate(ea_lane *lane, int radiation, double t_s, double exposure_s, const double *counts, int taken);
void ea_health_put(ea_lane *lane, int radiation, double exposure_s, const double *rate_cps);
void ea_health_fail(ea_lane *lane, int radiation, double t_s, uint32_t silent, uint32_t stuck);
int ea_health_holds(const ea_lane *lane, int radiation);     /* an overload stands: nothing is learned, nothing calms down */
int ea_vitals_sane(const ea_vitals *h);

#endif
