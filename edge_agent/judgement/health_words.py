"""What each state of health means to a technician, and the next step.  {x}: the panel or tube; numbers as in tools."""

from __future__ import annotations

from edge_agent.tools.kernel_health import Channel
from edge_agent.words.language import worded
from edge_agent.words.reading import Radiation

GAMMA, NEUTRON = Radiation.GAMMA, Radiation.NEUTRON
OVERLOAD, BLIND, OUT = "overload", "blind", "out-of-service"
# Bit mask of the kernel -> first half of the condition's name, by radiation.
NAMES = {
    GAMMA: {"silent": "dead", "stuck": "stuck", "noisy": "noisy", "smooth": "smooth", "low": "share", "high": "share",
            "overload": "over-range"},
    NEUTRON: {"silent": "dead", "stuck": "stuck", "noisy": "noisy", "smooth": "smooth", "low": "deaf", "high": "loud",
              "overload": "over-range"},
}


def detail(condition: str, x: str, channel: Channel) -> str:
    """One sentence what was seen, one what it means, one what to do."""
    match condition:
        case "dead":
            due = (worded("where {counts:.0f} counts were due", counts=channel.quiet) if channel.quiet >= 1 else
                   worded("since before the agent's last start"))
            return worded("{x} counts nothing {due}: high voltage, cable, tube or panel. "
                          "Swap its cable with a neighbour's at the inputs: if the zero stays, it is the input", x=x, due=due)
        case "stuck":
            times = (worded("{n} times in a row", n=int(channel.equal)) if channel.equal > 1 else
                     worded("again and again before the agent's last start"))
            return worded("{x} gave {times} the same count, by chance not once in ten years: its counter "
                          "or the portal's controller is frozen. A count far above background is the end of its range beside a "
                          "very strong source: KEEP DISTANCE. Else power-cycle the controller; a simulator does this by design",
                          x=x, times=times)
        case "noisy":
            return worded("{x} scatters {scatter:.2f} times as much as counts can by chance: bad connector, light leak, "
                          "interference. Move its cable and look whether the counts jump", x=x, scatter=channel.scatter)
        case "smooth":
            return worded("{x} scatters only {scatter:.2f} times as much as counts must: pile-up, a portal that averages "
                          "longer than the profile's vacant_exposure_s says, or counts that are not measured",
                          x=x, scatter=channel.scatter)
        case "share":
            return worded("{x} gives {lately:.1%} of the sum, learned {learned:.1%}: gain drift, water, light "
                          "leak, or a source or truck standing beside it. Look at the panel; check its gain with the check "
                          "source", x=x, lately=channel.recent_share, learned=channel.share)
        case "deaf":
            return worded("{x} counts too little: {part}: high voltage, moderator moved, gas lost. "
                          "Swap it with a neighbour's cable, then replace the tube", x=x, part=_part(channel))
        case "loud":
            return worded("{x} counts too much: {part}: discharge, moisture, interference; or a neutron source beside it. "
                          "Look for the source first", x=x, part=_part(channel))
        case "over-range":
            return worded("{x} fell to zero or silent right after a steep rise to {cps:.0f} counts/s: overloaded by a "
                          "very strong source, or broken by it. KEEP DISTANCE until somebody has measured with a survey meter",
                          x=x, cps=channel.hot_cps)
        case "spike":
            return worded("{x} alone was {sigma:.0f} sigma up in one sample: noise of a cable or relay rather than a source. "
                          "Kept in every sum; often: look at connector and grounding", x=x, sigma=channel.lone_z)
    raise KeyError(condition)


def _part(channel: Channel) -> str:
    """Against the others, or, where its part of the sum is as ever (alone, or all alike), against itself."""
    lately, learned = f"{channel.recent_share:.0%}", f"{channel.share:.0%}"
    if lately == learned:
        return worded("against the hour it was learned in, by itself")
    return worded("{lately} of the sum lately, learned {learned}", lately=lately, learned=learned)


def longest(channel: Channel, before: Channel) -> Channel:
    """The channel with its longest run: a panel that counts again is out until it has counted for long, and its fault must
    not say "1 times in a row"."""
    return channel._replace(quiet=max(channel.quiet, before.quiet), equal=max(channel.equal, before.equal))


def numbers(condition: str, channel: Channel) -> dict[str, float]:
    """The numbers behind the detail."""
    named = {
        "dead": {"counts_due": channel.quiet, "reference_cps": channel.rate_cps},
        "stuck": {"equal": channel.equal, "reference_cps": channel.rate_cps},
        "noisy": {"variance_to_mean": channel.scatter}, "smooth": {"variance_to_mean": channel.scatter},
        "over-range": {"risen_to_cps": channel.hot_cps, "reference_cps": channel.rate_cps},
        "spike": {"sigma": channel.lone_z, "spikes": channel.spikes},
    }
    shares = {"share": channel.recent_share, "learned_share": channel.share, "log_likelihood_ratio": channel.evidence}
    return {name: float(f"{value:.6g}") for name, value in named.get(condition, shares).items()}
