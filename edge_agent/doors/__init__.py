"""Third floor: one door per outside package or facility; only here is it imported."""
