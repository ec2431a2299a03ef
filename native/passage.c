/* The vehicle in the lane, or the last one: its counts on a grid, its times, its speed. */
#include "ea_lane.h"

static void add(ea_passage *p, double t_s, double interval_s, const uint32_t *counts, uint32_t channels)
{
	uint32_t bin = ea_grid_bin(&p->gamma, t_s, interval_s, p->counts[0], EA_GAMMA_MAX);
	for (uint32_t c = 0; c < channels; c++) { p->counts[bin][c] += counts[c]; }
}

static void add_neutrons(ea_passage *p, double t_s, double interval_s, double counts)
{
	p->neutrons[ea_grid_bin(&p->neutron, t_s, interval_s, p->neutrons, 1)] += counts;
}

static void keep(ea_before *b, double t_s, double interval_s, const uint32_t *counts, uint32_t channels)
{
	ea_sample *s = &b->sample[b->next];
	memset(s, 0, sizeof *s);
	s->t_s = t_s;
	s->interval_s = interval_s;
	memcpy(s->counts, counts, channels * sizeof *counts);
	b->next = (b->next + 1) % EA_BEFORE;
	b->filled += b->filled < EA_BEFORE;
}

static void keep_neutrons(ea_before *b, double t_s, double interval_s, double counts)
{
	b->neutron[b->neutron_next] = (ea_neutron_sample){t_s, interval_s, counts};
	b->neutron_next = (b->neutron_next + 1) % EA_BEFORE;
	b->neutron_filled += b->neutron_filled < EA_BEFORE;
}

double ea_passage_on(const ea_lane *lane)
{
	return lane->passage.begin_s + lane->settings.begin_offset_s;
}

double ea_passage_off(const ea_lane *lane)
{
	return lane->beams.until_s - lane->settings.hold_in_s + lane->settings.end_offset_s;
}

int ea_passage_finished(const ea_lane *lane)
{
	return lane->beams.state != EA_OCCUPIED;
}

/* Nothing the background may be taken from is in a passage: the test takes their errors as independent. */
static double begins_s(const ea_lane *lane)
{
	return ea_passage_on(lane) - fmin(lane->settings.before_s, lane->settings.guard_s);
}

static double ends_s(const ea_lane *lane)
{
	return ea_passage_off(lane) + fmin(lane->settings.after_s, lane->settings.guard_s);
}

static void recall(ea_lane *lane)
{
	ea_before *b = &lane->before;
	for (uint32_t i = 0; i < b->filled; i++) {
		const ea_sample *s = &b->sample[(b->next + EA_BEFORE - b->filled + i) % EA_BEFORE];
		if (s->t_s > begins_s(lane)) { add(&lane->passage, s->t_s, s->interval_s, s->counts, lane->settings.panels); }
	}
	for (uint32_t i = 0; i < b->neutron_filled; i++) {
		const ea_neutron_sample *s = &b->neutron[(b->neutron_next + EA_BEFORE - b->neutron_filled + i) % EA_BEFORE];
		if (s->t_s > begins_s(lane)) { add_neutrons(&lane->passage, s->t_s, s->interval_s, s->counts); }
	}
	b->filled = b->neutron_filled = 0;
}

void ea_passage_begin(ea_lane *lane, double t_s)
{
	ea_passage *p = &lane->passage;
	memset(p, 0, sizeof *p);
	p->seen = 1;
	p->begin_s = t_s;
	p->fit = lane->ring[EA_GAMMA].fit;
	p->neutron_fit = lane->ring[EA_NEUTRON].fit;
	recall(lane);
}

void ea_passage_resumed(ea_lane *lane, double t_s)
{
	double cleared_s = lane->beams.until_s - lane->settings.hold_in_s;
	lane->passage.gap_s = fmax(lane->passage.gap_s, t_s - cleared_s);
}

static int takes(const ea_lane *lane, double t_s, double interval_s)
{
	if (!lane->passage.seen || t_s <= begins_s(lane)) { return 0; }
	return lane->beams.state != EA_VACANT || t_s - interval_s < ends_s(lane);
}

void ea_passage_add(ea_lane *lane, double t_s, double interval_s, const uint32_t *counts)
{
	uint32_t channels = lane->settings.panels;
	if (interval_s > EA_PASSAGE_INTERVAL_MAX_S) { return; }
	if (lane->beams.state == EA_VACANT) { keep(&lane->before, t_s, interval_s, counts, channels); }
	if (takes(lane, t_s, interval_s)) { add(&lane->passage, t_s, interval_s, counts, channels); }
}

void ea_passage_add_neutrons(ea_lane *lane, double t_s, double interval_s, double clipped)
{
	if (interval_s > EA_PASSAGE_INTERVAL_MAX_S) { return; }
	if (lane->beams.state == EA_VACANT) { keep_neutrons(&lane->before, t_s, interval_s, clipped); }
	if (takes(lane, t_s, interval_s)) { add_neutrons(&lane->passage, t_s, interval_s, clipped); }
}

/* Counts of a tube that has come or gone must not stay in the sum. */
void ea_passage_forget_neutrons(ea_lane *lane)
{
	memset(&lane->passage.neutron, 0, sizeof lane->passage.neutron);
	memset(lane->passage.neutrons, 0, sizeof lane->passage.neutrons);
	lane->passage.neutron_fit = lane->ring[EA_NEUTRON].fit;
	lane->before.neutron_filled = 0;
}

int ea_speed(ea_lane *lane, double t_s, double speed_mps)
{
	if (!ea_is_time(t_s)) { return EA_BAD_TIME; }
	if (!ea_in_range(speed_mps, EA_SPEED_MIN_MPS, EA_SPEED_MAX_MPS)) { return EA_BAD_SAMPLE; }
	if (!lane->passage.seen || t_s < lane->passage.begin_s) { return EA_BAD_STATE; }
	lane->passage.speed_mps = speed_mps;
	return EA_OK;
}

int ea_passage_sane(const ea_passage *p)
{
	return p->seen <= 1u && ea_grid_sane(&p->gamma) && ea_grid_sane(&p->neutron);
}

int ea_before_sane(const ea_before *b)
{
	return b->filled <= EA_BEFORE && b->next < EA_BEFORE && b->neutron_filled <= EA_BEFORE && b->neutron_next < EA_BEFORE;
}
