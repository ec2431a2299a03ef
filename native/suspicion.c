/* A vacant lane that itself looks like a source: nothing is learned from it, for a while.
 *
 * Without this a source parked beside the lane becomes the background within two minutes.  With it, and with no
 * person acting, a lasting natural rise (a cloudburst) would alarm for ever; so the wait is bounded.  It ends
 *   - calm: five seconds that together do not exceed the background (source gone, or a chance crossing), or
 *   - after suspect_s (300 s: longer than a person needs to look, shorter than rain): the background is learned anew from
 *     nothing.  Until it has its exposure again the lane says armed = 0.  Whatever is still there is background from then on: the alarm of five minutes stands in
 *     the records and `relearned` is counted, but a weak source left for good is no longer seen.  No rule on one
 *     lane's gross counts can tell it from rain.
 * The wait goes on through occupancies, or a busy lane would never get over a cloudburst.
 */
#include "ea_lane.h"

#define CALM_S 5.0           /* a source of one sigma a second is calm by chance in 1 % of such windows */

static void calm_start(ea_suspicion *s)
{
	s->calm_s = s->calm_counts = s->calm_expected = 0.0;
}

static int is_calm(ea_suspicion *s, double interval_s, double counts, double expected)
{
	int calm;
	s->calm_s += interval_s;
	s->calm_counts += counts;
	s->calm_expected += expected;
	if (s->calm_s < CALM_S) { return 0; }
	calm = s->calm_counts <= s->calm_expected;
	calm_start(s);
	return calm;
}

static void suspect_from(ea_ring *r, double t_s)
{
	r->suspicion.active = 1;
	r->suspicion.since_s = t_s;
	calm_start(&r->suspicion);
	ea_ring_begin(r, t_s);            /* the guard before it goes, as before a vehicle */
}

/* One judged vacant sample.  Returns 1 when candidates gathered so far should be forgotten. */
int ea_suspect(ea_ring *r, double t_s, double interval_s, double counts, double expected, uint32_t crossed)
{
	ea_suspicion *s = &r->suspicion;
	if (!s->active) {
		if (crossed) { suspect_from(r, t_s); }
		return 0;
	}
	if (t_s - s->since_s >= r->is.suspect_s) {
		s->active = 0;
		s->relearned++;
		ea_ring_clear(r);
		return 1;
	}
	s->active = !is_calm(s, interval_s, counts, expected);
	return !s->active;
}
