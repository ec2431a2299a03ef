"""Tests of a whole passage through the binding: a model put into C once, looks, a design for learning.

Scratch memory of a look (half a megabyte) is one for all lanes of a thread: nothing is kept in it.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Sequence
from typing import Any

from edge_agent._kernel import ffi, lib
from edge_agent.tools.kernel_values import (
    Design,
    Geometry,
    KernelSettings,
    ModelRefused,
    NeutronSource,
    SampleRefused,
    Shadow,
    ShadowClass,
    ShadowModel,
    Why,
)

_FLAGS = ("armed", "crossed", "finished", "speed_measured")
_SHADOW = struct.Struct("=8I16d")                       # no padding in either; a test holds them to the header
_NEUTRON = struct.Struct("=6I10d")


class _Scratch(threading.local):
    def __init__(self) -> None:
        self.memory = ffi.new("double[]", lib.ea_work_size() // ffi.sizeof("double") + 1)
        self.work = ffi.cast("ea_work *", self.memory)
        self.shadow = ffi.new("ea_shadow *")
        self.seen = ffi.buffer(self.shadow)


_scratch = _Scratch()


def checked(lane: Any, model: ShadowModel, panels: int) -> Any:
    """The model in C, after the kernel has agreed to it."""
    out = ffi.new("ea_shadow_model *")
    _put_geometry(out.geometry, model.geometry, panels)
    out.edge_m[0:2] = [float(edge) for edge in model.edge_m]
    for kind, learned in enumerate(model.classes):
        _put_class(out, kind, learned, lib.EA_BASIS * panels)
    if lib.ea_model_check(lane, out, _scratch.work) != lib.EA_OK:
        raise ModelRefused(f"shadow model of {panels} panels: {ModelRefused.__doc__}")
    return out


def look(lane: Any, model: Any, settings: KernelSettings) -> Shadow:
    if model is None:
        return Shadow(Why.NO_MODEL, False, False, False, 0, 0, 0, False, 0.0, settings.glrt_threshold, *[0.0] * 14)
    if lib.ea_passage_look(lane, model, _scratch.work, _scratch.shadow) != lib.EA_OK:
        raise ModelRefused(f"shadow test: {ModelRefused.__doc__}")
    return unpacked(_scratch.seen)


def unpacked(found: Any) -> Shadow:
    """An ea_shadow from its bytes."""
    seen = Shadow._make(_SHADOW.unpack(found))
    return seen._replace(why=Why(seen.why), **{name: bool(getattr(seen, name)) for name in _FLAGS})


def scratch() -> Any:
    """This thread's scratch memory of a look."""
    return _scratch.work


def neutron_look(lane: Any, geometry: Geometry, panels: int) -> NeutronSource:
    place, out = ffi.new("ea_geometry *"), ffi.new("ea_neutron_source *")
    _put_geometry(place, geometry, panels)
    status = lib.ea_neutron_look(lane, place, out)
    if status == lib.EA_BAD_SAMPLE:
        raise SampleRefused("a lane without neutron channels has no neutron look")
    if status != lib.EA_OK:
        raise ModelRefused(f"geometry of {panels} panels: {ModelRefused.__doc__}")
    seen = NeutronSource._make(_NEUTRON.unpack(ffi.buffer(out)))
    return seen._replace(why=Why(seen.why), **{name: bool(getattr(seen, name)) for name in _FLAGS})


def design(lane: Any, geometry: Geometry, panels: int, length_m: float) -> Design:
    place, out = ffi.new("ea_geometry *"), ffi.new("ea_design *")
    _put_geometry(place, geometry, panels)
    if lib.ea_passage_design(lane, place, length_m, out) != lib.EA_OK:
        raise ModelRefused(f"geometry of {panels} panels, vehicle of {length_m} m: {ModelRefused.__doc__}")
    bins = out.bins
    return Design(
        Why(out.why), bool(out.finished), bool(out.speed_measured), out.mask, out.on_s, out.speed_mps, out.length_m,
        out.grid_s, out.bin_s, out.common_var, list(out.own_var[0:panels]), list(out.background_cps[0:panels]),
        list(out.slot[0:bins]), list(out.exposure_s[0:bins]), [list(out.counts[p][0:bins]) for p in range(panels)],
        [[list(out.basis[p][i]) for i in range(bins)] for p in range(panels)],
    )


def _put_geometry(out: Any, geometry: Geometry, panels: int) -> None:
    if not 1 <= len(geometry.lateral_m) <= lib.EA_LATERALS:
        raise ModelRefused(f"{len(geometry.lateral_m)} lateral positions; the kernel takes 1-{lib.EA_LATERALS}")
    out.panels, out.laterals = panels, len(geometry.lateral_m)
    out.source_height_m, out.assumed_mps = geometry.source_height_m, geometry.assumed_mps
    out.longest_m, out.gap_m = geometry.longest_m, geometry.gap_m
    _put(out.lateral_m, geometry.lateral_m, len(geometry.lateral_m), "lateral_m")
    for name in ("along_m", "across_m", "height_m", "response"):
        _put(getattr(out, name), getattr(geometry, name), panels, name)


def _put_class(out: Any, kind: int, learned: ShadowClass, size: int) -> None:
    out.learned[kind], out.typical_m[kind] = learned.learned, learned.typical_m
    if not learned.learned:
        return
    _put(out.mean[kind], learned.mean, size, f"mean of class {kind}")
    if len(learned.covariance) != size:
        raise ModelRefused(f"covariance of class {kind} has {len(learned.covariance)} rows, not {size}")
    _put(out.covariance[kind], [x for row in learned.covariance for x in row], size * size, f"covariance {kind}")


def _put(out: Any, values: Sequence[float], size: int, name: str) -> None:
    if len(values) != size:
        raise ModelRefused(f"{name} has {len(values)} numbers, not {size}")
    out[0:size] = [float(value) for value in values]
