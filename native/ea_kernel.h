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
#define EA_BASIS 7           /* shadow shapes of one panel: g cos(k pi u), k = 0..5, and the constant 1 */
#define EA_COEFFICIENTS 112  /* EA_GAMMA_MAX * EA_BASIS */
#define EA_COVARIANCES 12544 /* EA_COEFFICIENTS squared */
#define EA_CLASSES 3         /* vehicle length classes */
#define EA_LATERALS 5        /* most lateral positions of a source that are tried */
#define EA_PASSAGE_BINS 256  /* of one passage; a longer one is merged pairwise */

enum { EA_OK = 0, EA_BAD_SETTINGS = -1, EA_BAD_SAMPLE = -2, EA_BAD_TIME = -3, EA_BAD_STATE = -4, EA_BAD_MODEL = -5 };
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
	double glrt_threshold;       /* of the shadow test, sigma; 0: it is computed and never armed */
	double before_s;             /* a passage holds samples from this long before the beam breaks; <= guard_s */
	double after_s;              /* and until this long after it clears; <= guard_s */
	double begin_offset_s;       /* the beam broke this much later than ea_beam says (past samples open a burst) */
	double end_offset_s;         /* the beam cleared this much later; negative: the portal's own hold-in */
	double neutron_template_threshold;    /* of the neutron template, sqrt(2 log likelihood ratio); 0: computed, never armed */
	double focus_vacant_threshold; /* of FOCuS in the vacant lane */
	double neutron_vacant_p;     /* of a neutron look there */
	double stand_s;              /* a passage longer than this stands: its thresholds grow (vacant.c) */
	double focus_window_s;       /* longest FOCuS window in the vacant lane; at most background_s */
	double suspect_s;            /* a vacant lane that looks like a source is not learned from for this long at most */
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

/* The shadow test (GLRT, detection.md 3.3).  Along: m beyond the beam, the way vehicles drive; across: m from the
 * lane's middle; height: m above the ground. */
typedef struct {                 /* where the panels stand: from the profile */
	uint32_t panels;             /* as in ea_settings */
	uint32_t laterals;           /* 1..EA_LATERALS */
	double lateral_m[EA_LATERALS]; /* source positions across the lane that are tried */
	double source_height_m;
	double along_m[EA_GAMMA_MAX], across_m[EA_GAMMA_MAX], height_m[EA_GAMMA_MAX];
	double response[EA_GAMMA_MAX]; /* relative: area times efficiency; 0: helps to see the shadow, sees no source */
	double assumed_mps;          /* speed where none is measured, tried at x 0.82, 1, 1.22; 0: no test without one */
	double longest_m;            /* speed times time beyond this is not a length: the vehicle stopped, or two came */
	double gap_m;                /* the beam clear for so long a way inside an occupancy: two bodies, no test; 0: not heeded */
} ea_geometry;

typedef struct {                 /* learned: coefficients c ~ N(mean, covariance), counts ~ B (1 - c . basis) */
	ea_geometry geometry;
	double edge_m[2];            /* a vehicle is of class 0 below edge_m[0], of class 1 below edge_m[1], else of 2 */
	double typical_m[EA_CLASSES];  /* lengths a vehicle still in the beam may turn out to have */
	uint32_t learned[EA_CLASSES];  /* passages behind the class; 0: no test of this class */
	uint32_t spare;
	double mean[EA_CLASSES][EA_COEFFICIENTS];      /* at EA_BASIS * panel + k */
	double covariance[EA_CLASSES][EA_COVARIANCES]; /* row i, column j at i * EA_BASIS * panels + j */
} ea_shadow_model;

enum {                           /* why there is no statistic; EA_SEEN: there is one */
	EA_SEEN = 0, EA_NO_PASSAGE = 1, EA_NO_BACKGROUND = 2, EA_NO_SPEED = 3, EA_NO_LENGTH = 4, EA_FEW_BINS = 5,
	EA_NO_GEOMETRY = 6, EA_NO_MODEL = 7, EA_INTERRUPTED = 8
};

typedef struct {                 /* the shadow test at one look; where there is no statistic only the head is set */
	uint32_t why;                /* EA_SEEN or the reason */
	uint32_t armed;              /* there is a statistic, and a threshold */
	uint32_t crossed;            /* armed, and the statistic at or above the threshold */
	uint32_t finished;           /* the vehicle has left the beam, so its length is known */
	uint32_t length_class;
	uint32_t bins;               /* of the passage, with counting time in them */
	uint32_t mask;               /* panels in it */
	uint32_t speed_measured;
	double statistic;            /* in sigmas of a source passing at 8 km/h without a shadow (scan.c) */
	double threshold;
	double misfit;               /* sigmas: chi-square of what shadow and source leave, against its degrees of freedom */
	double depth;                /* sigmas of the model: how much deeper than its mean this vehicle shadows */
	double speed_mps;            /* of the best template */
	double length_m;             /* of the vehicle; unfinished: of the vehicle that explains the counts best */
	double at_s;                 /* the source passes the beam, on the lane's clock */
	double after_on_s;           /* the same after the beam broke */
	double behind_m;             /* source behind the front bumper */
	double lateral_m;            /* source across the lane */
	double source_cps;           /* fitted, sum over the panels at closest approach */
	double source_sd;            /* its error */
	double window_s;             /* time in which the template is above half its top; in it: */
	double counts;               /* counts */
	double expected;             /* background behind the fitted shadow */
	double background;           /* background without a shadow */
} ea_shadow;

typedef struct {                 /* one passage as the shadow test and its learning see it */
	uint32_t why;                /* as in ea_shadow; what follows the head is filled where it is EA_SEEN */
	uint32_t finished;
	uint32_t speed_measured;
	uint32_t panels;             /* of the lane */
	uint32_t mask;               /* of them in service and with a background */
	uint32_t bins;               /* with counting time in them; gaps of the wire are left out */
	double on_s;                 /* the beam broke, on the lane's clock */
	double speed_mps, length_m;
	double grid_s, bin_s;        /* bin i is the bin_s that begin at grid_s + slot[i] * bin_s */
	double common_var;           /* relative variance of the background that all panels share: level, age, trend */
	double own_var[EA_GAMMA_MAX];            /* and of each panel by itself: the counting behind it */
	double background_cps[EA_GAMMA_MAX];     /* at the middle of the passage */
	uint32_t slot[EA_PASSAGE_BINS];
	double exposure_s[EA_PASSAGE_BINS];
	double counts[EA_GAMMA_MAX][EA_PASSAGE_BINS];
	double basis[EA_GAMMA_MAX][EA_PASSAGE_BINS][EA_BASIS];
} ea_design;

typedef struct {                 /* the neutron template at one look; where there is no statistic only the head is set */
	uint32_t why;                /* EA_SEEN or the reason; length and model do not matter */
	uint32_t armed;
	uint32_t crossed;
	uint32_t finished;
	uint32_t bins;
	uint32_t speed_measured;
	double statistic;            /* sqrt(2 log likelihood ratio), the background's own counting error in it */
	double threshold;
	double speed_mps;            /* of the best template */
	double at_s;                 /* the source passes the beam, on the lane's clock */
	double after_on_s;
	double behind_m;
	double source_cps;           /* the likeliest of 1.5, 3, 6 and 12 counts/s at closest approach, over all tubes */
	double window_s;             /* time in which the template is above half its top; in it: */
	double counts;               /* counts, clipped */
	double expected;             /* background */
} ea_neutron_source;

typedef struct {                 /* the shadow test of one passage bin by bin, for people; rows of panels out of service stay 0 */
	uint32_t why;                /* as in ea_shadow; what follows `seen` is filled where it is EA_SEEN */
	uint32_t panels;             /* of the lane */
	uint32_t mask;               /* of them in the test */
	uint32_t bins;               /* with counting time in them */
	ea_shadow seen;              /* the look that is drawn */
	double on_s, off_s;          /* the beam broke, and cleared (unfinished: would clear for the length that counts) */
	double bin_s;                /* length of a bin */
	double begin_s[EA_PASSAGE_BINS];     /* on the lane's clock */
	double exposure_s[EA_PASSAGE_BINS];  /* counting time in the bin */
	double counts[EA_GAMMA_MAX][EA_PASSAGE_BINS];
	double background[EA_GAMMA_MAX][EA_PASSAGE_BINS];  /* counts to be expected without vehicle */
	double shadowed[EA_GAMMA_MAX][EA_PASSAGE_BINS];    /* behind the shadow fitted beside the source */
	double source[EA_GAMMA_MAX][EA_PASSAGE_BINS];      /* of the fitted source: it adds to shadowed */
} ea_picture;

/* State of health of the channels of one radiation (detection.md 3.7; thresholds: head of health.c).  Masks: bit 0 the
 * first channel.  silent and stuck stand until no count of the channel's background is from before their end. */
typedef struct {
	uint32_t silent;             /* no counts for so long that chance would give it with 1e-9 */
	uint32_t stuck;              /* the same count again and again */
	uint32_t stuck_vacant;       /* and it was so in the vacant lane: only then is it no vehicle and no simulator's passage */
	uint32_t noisy, smooth;      /* scatter of the last window above, below that of chance */
	uint32_t low, high;          /* the channel's share of the sum; of a tube also its own long-term rate */
	uint32_t overload;           /* zeros or a gap right after a steep rise: a very strong source.  Held */
	uint32_t lone;               /* in the newest sample this channel alone was far up */
	uint32_t sharing;            /* channels whose share is known and tested */
	double rate_cps[EA_GAMMA_MAX];        /* what the channel should give */
	double quiet[EA_GAMMA_MAX];           /* counts that should have come since the last one */
	double equal[EA_GAMMA_MAX];           /* times in a row that the newest count came */
	double scatter[EA_GAMMA_MAX];         /* variance / mean of the last window; 0: none yet */
	double share[EA_GAMMA_MAX];           /* as learned */
	double recent_share[EA_GAMMA_MAX];    /* of the last minute */
	double evidence_low[EA_GAMMA_MAX];    /* log likelihood ratio against the learned share */
	double evidence_high[EA_GAMMA_MAX];
	double hot_cps[EA_GAMMA_MAX];         /* of the last steep rise */
	double lone_z[EA_GAMMA_MAX];          /* of the last time it was alone */
	uint64_t spikes[EA_GAMMA_MAX];        /* times that lasted one sample: noted, never dropped */
} ea_health;

enum { EA_ALIKE = 0, EA_SOFTER = 1, EA_HARDER = 2 };

typedef struct {                 /* two energy windows of a passage against those of the vacant lane */
	uint32_t side, spare;        /* EA_SOFTER: threat-like; EA_ALIKE or EA_HARDER: nothing, or NORM-like */
	double z;                    /* sigmas; above 0: softer */
	double share, vacant_share;  /* of the softer window in all counts */
} ea_ratio;

typedef struct ea_lane ea_lane;
typedef struct ea_work ea_work;  /* scratch of one look, nothing to keep: one serves all lanes of a thread */

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

/* A vacant rate that stands for exposure_s of counting (a GB or NB record).  Judged by FOCuS or the neutron windows as
 * a sample of that exposure; feeds the background unless it looks like a source.  While occupied and in the guard
 * after it is ignored: out is zero. */
int ea_vacant_rate(ea_lane *lane, int radiation, double t_s, double exposure_s, const double *rate_cps, ea_look *out);

/* Forget every background, of a vacant lane whose surroundings are no longer those it was learned in (the beam is
 * stuck, or came back): it is learned anew from nothing, and nothing is armed until then.  place_sd: relative error
 * the gamma background has from now on beside its own, because vehicles in the lane shadow it; above 0 the
 * compatibility rule rests, which knows no error.  EA_BAD_STATE: occupied. */
int ea_relearn(ea_lane *lane, double t_s, double place_sd);

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

/* Channels that were silent, or stuck in the vacant lane, when it was kept: they are until they have counted for a full
 * background time from t_s on, as if they had failed at t_s. */
int ea_trouble_put(ea_lane *lane, int radiation, double t_s, uint32_t silent, uint32_t stuck);

/* Channels of the next sample or vacant record whose counts may have been spoiled on a line without checksum.  The state of
 * health learns nothing from it and finds none of them dead, frozen or peaked by it.  Every rule and the background
 * take each count as it is; an over-range does, but for a doubted rise that the very next sample refutes (health.c). */
int ea_doubt(ea_lane *lane, int radiation, uint32_t mask);

int ea_tally_now(const ea_lane *lane, double t_s, ea_tally *out);

/* Ask about once a second.  lost: the wire broke, nothing more comes.  While an overload stands nothing is learned. */
int ea_health_look(ea_lane *lane, int radiation, double t_s, int lost, ea_health *out);

/* Speed of the vehicle in the lane, at any time from its begin until the next one begins; the newest counts. */
int ea_speed(ea_lane *lane, double t_s, double speed_mps);

/* EA_OK: a model of this lane that can be computed with (finite, no negative variance); else EA_BAD_MODEL. */
size_t ea_work_size(void);
int ea_model_check(const ea_lane *lane, const ea_shadow_model *model, ea_work *work);

/* The shadow test of the passage in the lane, or of the last one.  It changes nothing in the lane and can be asked at
 * any time, any number of times, until the next vehicle comes (where ea_beam would answer EA_ENDED | EA_BEGAN, call
 * ea_clock first and look between).  While the beam is broken the length is not known: the statistic is then the
 * smallest over the lengths that are possible, so a crossing says that none of these vehicles explains the counts. */
int ea_passage_look(const ea_lane *lane, const ea_shadow_model *model, ea_work *work, ea_shadow *out);

/* The neutron template of the same passage, as freely asked for; the tubes stand with the panels of the geometry. */
int ea_neutron_look(const ea_lane *lane, const ea_geometry *geometry, ea_neutron_source *out);

/* Energy windows: one lane per window, told the same beam, each with its own shadows; and this pure question about two
 * of them.  counts, vacant: {softer, harder}; share_sd: error of the share beside counting; threshold in sigmas. */
int ea_window_ratio(const double *counts, const double *vacant, double share_sd, double threshold, ea_ratio *out);

/* What the shadow test computes with.  length_m 0: as measured (unfinished: the least it can be by now). */
int ea_passage_design(const ea_lane *lane, const ea_geometry *geometry, double length_m, ea_design *out);

/* The same look drawn bin by bin. */
int ea_passage_picture(const ea_lane *lane, const ea_shadow_model *model, ea_work *work, ea_picture *out);

#endif
