/* What a lane may be: the limits of its settings, and whether saved bytes are a lane. */
#include "ea_lane.h"

#define MARK 0x45416b65726e3039u     /* "EAkern07": change the digits with the meaning of a field */

static uint64_t lane_mark(void)
{
	return MARK ^ (uint64_t)sizeof(struct ea_lane) << 20;
}

_Static_assert(sizeof(ea_settings) == 296, "settings have no padding: saved bytes are compared");
_Static_assert(EA_GAMMA_MAX >= EA_NEUTRON_MAX && EA_GAMMA_MAX < 32, "one array and one mask for both radiations");

size_t ea_lane_size(void)
{
	return sizeof(struct ea_lane);
}

/* Limits: of sense, wide enough for any portal, narrow enough that no arithmetic of the kernel can overflow. */
static int durations_sound(const ea_settings *s)
{
	return ea_in_range(s->background_s, 1.0, 86400.0) && ea_in_range(s->neutron_background_s, 1.0, 86400.0)
		&& ea_in_range(s->guard_s, 0.0, 60.0) && ea_in_range(s->hold_in_s, 0.0, 3600.0)
		&& ea_in_range(s->arm_exposure_s, 0.0, s->background_s)
		&& ea_in_range(s->neutron_arm_s, 0.0, s->neutron_background_s)
		&& ea_in_range(s->before_s, 0.0, 60.0) && ea_in_range(s->after_s, 0.0, 60.0)
		&& ea_in_range(s->stand_s, 1.0, 86400.0) && ea_in_range(s->suspect_s, 1.0, 86400.0)
		&& ea_in_range(s->focus_window_s, 0.0, 86400.0)
		&& ea_in_range(s->begin_offset_s, -60.0, 60.0) && ea_in_range(s->end_offset_s, -60.0, 60.0);
}

static int rules_sound(const ea_settings *s)
{
	return ea_in_range(s->level_sd, 0.0, 1.0) && ea_in_range(s->level_sd_per_min, 0.0, 1.0)
		&& ea_in_range(s->slope_sd_per_min, 0.0, 1.0) && ea_in_range(s->focus_threshold, 0.1, 1000.0)
		&& ea_in_range(s->ksigma_n, 0.1, 1000.0) && s->ksigma_intervals >= 1 && s->ksigma_intervals <= EA_KSIGMA_MAX
		&& ea_in_range(s->neutron_p, 1e-300, 0.5) && ea_in_range(s->neutron_vacant_p, 1e-300, 0.5)
		&& ea_in_range(s->focus_vacant_threshold, 0.1, 1000.0)
		&& (s->glrt_threshold == 0.0 || ea_in_range(s->glrt_threshold, 0.1, 1000.0))
		&& (s->neutron_template_threshold == 0.0 || ea_in_range(s->neutron_template_threshold, 0.1, 1000.0));
}

static int groups_sound(const ea_settings *s)
{
	if (s->panels < 1 || s->panels > EA_GAMMA_MAX || s->tubes > EA_NEUTRON_MAX) { return 0; }
	if (s->groups < 1 || s->groups > EA_GROUP_MAX) { return 0; }
	for (uint32_t g = 0; g < s->groups; g++) {
		if (s->group_mask[g] == 0 || s->group_mask[g] >> s->panels) { return 0; }
	}
	return 1;
}

int ea_lane_init(ea_lane *lane, const ea_settings *s)
{
	if (!groups_sound(s) || !durations_sound(s) || !rules_sound(s)) { return EA_BAD_SETTINGS; }
	memset(lane, 0, sizeof *lane);
	lane->settings = *s;
	ea_ring_init(&lane->ring[EA_GAMMA], s, EA_GAMMA);
	ea_ring_init(&lane->ring[EA_NEUTRON], s, EA_NEUTRON);
	lane->window.length = s->ksigma_intervals;
	lane->beams.hold_in_s = s->hold_in_s;
	lane->neutron_log_p = log(s->neutron_p);
	lane->neutron_vacant_log_p = log(s->neutron_vacant_p);
	lane->neutron_threshold = ea_normal_quantile(lane->neutron_log_p);
	lane->neutron_vacant_threshold = ea_normal_quantile(lane->neutron_vacant_log_p);
	lane->mark = lane_mark();
	return EA_OK;
}

static int window_sane(const ea_window *w, uint32_t length)
{
	return w->length == length && w->filled <= length && w->next < length;
}

static int ring_sane(const ea_lane *lane, int radiation)
{
	ea_ring_rules is = ea_ring_rules_of(&lane->settings, radiation);
	const ea_ring *r = &lane->ring[radiation];
	return memcmp(&r->is, &is, sizeof is) == 0 && ea_ring_sane(r, ea_channels(&lane->settings, radiation));
}

static int neutrons_sane(const ea_neutrons *w)
{
	return w->filled <= EA_NEUTRON_RING && w->next < EA_NEUTRON_RING;
}

/* What indexes memory or bounds a loop is checked; a number made wrong on purpose gives a wrong statistic, no more. */
int ea_lane_check(const ea_lane *lane, const ea_settings *settings)
{
	int holds = lane->mark == lane_mark() && memcmp(&lane->settings, settings, sizeof *settings) == 0
		&& ring_sane(lane, EA_GAMMA) && ring_sane(lane, EA_NEUTRON)
		&& window_sane(&lane->window, settings->ksigma_intervals) && neutrons_sane(&lane->neutrons)
		&& neutrons_sane(&lane->rate_neutrons) && ea_in_range(lane->place_sd, 0.0, 1.0) && lane->rate_hull.blocks <= EA_HULL
		&& ea_passage_sane(&lane->passage) && ea_before_sane(&lane->before)
		&& ea_vitals_sane(&lane->vitals[EA_GAMMA]) && ea_vitals_sane(&lane->vitals[EA_NEUTRON])
		&& lane->hull.blocks <= EA_HULL && lane->beams.state <= EA_HOLD_IN
		&& lane->beams.hold_in_s == settings->hold_in_s;
	return holds ? EA_OK : EA_BAD_STATE;
}
