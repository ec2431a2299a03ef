/* The alarm kernel of one lane: background, alarm rules, occupancy.
 *
 * This header is the contract and, read by native/build_kernel.py, the cffi cdef: Python keeps no second
 * copy of a type or a constant.  C11, fixed memory, no allocation, no I/O, no globals, libm only.  The caller
 * owns the memory of a lane; it holds no pointers, so its bytes can be saved and restored by the same build.
 *
 * Times are seconds of one monotonic clock (any origin); rates come from interval_s, never from times.
 * Every function that can refuse returns EA_OK or a negative reason and then has changed nothing.
 */
#ifndef EA_KERNEL_H
#define EA_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#define EA_GAMMA_MAX 16      /* panels of one lane */
#define EA_NEUTRON_MAX 8     /* neutron channels of one lane */
#define EA_GROUP_MAX 24      /* sums of panels the compatibility rule looks at */

enum { EA_OK = 0, EA_BAD_SETTINGS = -1, EA_BAD_SAMPLE = -2, EA_BAD_TIME = -3, EA_BAD_STATE = -4 };
enum { EA_GAMMA = 0, EA_NEUTRON = 1 };
enum { EA_VACANT = 0, EA_OCCUPIED = 1, EA_HOLD_IN = 2 };              /* hold-in: beam clear, still occupied */
enum { EA_NOTHING = 0, EA_BEGAN = 1, EA_ENDED = 2 };  /* both: the hold-in had run out unseen, and a new one began */
enum { EA_RULE_KSIGMA = 0, EA_RULE_FOCUS = 1, EA_RULE_NEUTRON = 2, EA_RULES = 3 };

typedef struct {
	uint32_t panels;             /* 1..EA_GAMMA_MAX */
	uint32_t tubes;              /* 0..EA_NEUTRON_MAX */
	double background_s;         /* vacant time the gamma background is taken from */
	double neutron_background_s; /* the same for neutrons; longer, because counts are few */
	double guard_s;              /* vacant time dropped before an occupancy begins */
	double hold_in_s;            /* an occupancy goes on this long after the beam clears; 0: the portal did it */
	double arm_exposure_s;       /* vacant exposure before gamma rules are armed */
	double neutron_arm_s;        /* the same for the neutron rule */
	double level_sd;             /* relative error of the background level that never averages out */
	double level_sd_per_min;     /* its growth per minute since the last vacant sample */
	double slope_sd_per_min;     /* prior of the common relative slope, per minute */
	double focus_threshold;      /* sqrt(2 log likelihood ratio) */
	double ksigma_n;             /* N of the compatibility rule */
	uint32_t ksigma_intervals;   /* samples summed by it, 1..64 */
	uint32_t groups;             /* 1..EA_GROUP_MAX */
	uint32_t group_mask[EA_GROUP_MAX]; /* panels of each sum, bit 0 = first panel */
	double neutron_p;            /* one look alarms when so many counts are less probable than this */
} ea_settings;

typedef struct {                 /* what one rule saw at one sample */
	uint32_t crossed;            /* 1: statistic at or above threshold, and armed */
	uint32_t armed;              /* 0: not enough vacant exposure yet; statistic is 0 */
	uint32_t mask;               /* channels in the sum the statistic is of */
	double statistic;            /* in sigmas; for neutrons the normal quantile of the p value */
	double threshold;
	double window_s;             /* length of the window with that statistic */
	double counts;               /* counts in it */
	double expected;             /* background expected in it */
	double expected_sd;          /* the background's own error, not the Poisson scatter of counts */
} ea_score;

typedef struct { ea_score rule[EA_RULES]; } ea_look;

typedef struct {
	double rate_cps[EA_GAMMA_MAX];  /* projected to the time asked for; EA_NEUTRON_MAX used for neutrons */
	double exposure_s;              /* vacant time behind it */
	double age_s;                   /* since the last vacant sample */
	double relative_sd;             /* of the sum, all causes */
	double slope_per_min;           /* relative, common to all panels */
	uint32_t armed;
} ea_background;

typedef struct {                 /* arrays: by radiation, EA_GAMMA then EA_NEUTRON */
	uint32_t suspect[2];         /* 1: the vacant lane looks like a source, its background is frozen */
	uint32_t relearned[2];       /* times that lasted too long and the background was learned anew (suspicion.c) */
	double suspect_s[2];         /* how long it has been frozen for it */
	uint32_t hull_blocks;        /* candidates FOCuS holds now */
	uint64_t hull_overflows;     /* times it held too many and joined the two oldest; expected: never */
	uint64_t neutron_clips;      /* samples cut as cosmic-ray showers: many of them are the ship effect */
} ea_tally;

typedef struct ea_lane ea_lane;

size_t ea_lane_size(void);
int ea_lane_init(ea_lane *lane, const ea_settings *settings);

/* Of bytes copied into memory of ea_lane_size(), aligned as a double: EA_OK if they are a lane of this layout, with
 * exactly these settings, that is safe to use.  Its times go on; after a reboot use ea_background_put instead. */
int ea_lane_check(const ea_lane *lane, const ea_settings *settings);

/* One interval of counts, ending at t_s; interval_s 0.01..600.  Judged by every rule of its radiation; the others
 * stay zero in out.  While vacant (and past the guard) it also feeds the background.  t_s may equal the previous one
 * (stamps of one chunk) but not precede it: EA_BAD_TIME. */
int ea_gamma(ea_lane *lane, double t_s, double interval_s, const uint32_t *counts, ea_look *out);
int ea_neutron(ea_lane *lane, double t_s, double interval_s, const uint32_t *counts, ea_look *out);

/* A vacant rate that stands for exposure_s of counting (a GB or NB record).  Feeds the background only; ignored
 * while occupied, in the guard after, and while the vacant lane looks like a source. */
int ea_vacant_rate(ea_lane *lane, int radiation, double t_s, double exposure_s, const double *rate_cps);

/* The occupancy sensor, at each of its readings: EA_BEGAN, EA_ENDED or EA_NOTHING.  ea_clock lets a hold-in run out. */
int ea_beam(ea_lane *lane, double t_s, int occupied);
int ea_clock(ea_lane *lane, double t_s);
int ea_occupancy(const ea_lane *lane);

/* Panels and tubes in service; one taken out leaves every sum at the next sample.  FOCuS and the neutron windows
 * begin anew with it: counts of a doubtful channel must not stay in them. */
int ea_in_service(ea_lane *lane, int radiation, uint32_t mask);

/* exposure_s 0: there is no background yet, and every other number is 0 too. */
int ea_background_now(const ea_lane *lane, int radiation, double t_s, ea_background *out);

/* Put back a background kept over a restart: it counts as exposure_s of vacancy (at most the ring's length) that
 * ended age_s ago.  EA_BAD_STATE once the lane has learned anything itself. */
int ea_background_put(ea_lane *lane, int radiation, double t_s, double age_s, double exposure_s, const double *rate_cps);

int ea_tally_now(const ea_lane *lane, double t_s, ea_tally *out);

#endif
