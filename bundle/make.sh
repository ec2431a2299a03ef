#!/bin/sh
# `make bundle`: one file with everything a controller of this architecture needs, to install without a package index.
# Run it on a machine of that architecture, with the Python (3.11) the controllers have; wheels are made or fetched here.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-"$here/.venv/bin/python"}
extras=${EXTRAS:-mqtt}                  # EXTRAS=mqtt,center for a centre
version=$("$python" -c 'import edge_agent; print(edge_agent.__version__)')
commit=$(git -C "$here" rev-parse --short=8 HEAD 2>/dev/null || echo unknown)
[ -z "$(git -C "$here" status --porcelain --untracked-files=no 2>/dev/null)" ] || commit="$commit.changed"
tag=$("$python" -c 'import sys; print(f"py{sys.version_info[0]}.{sys.version_info[1]}")')
arch=$(uname -m)
name="edge-agent-$version-$commit"
out=${OUT:-"$here/dist"}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root="$work/$name-$arch-$tag"

mkdir -p "$root/wheels" "$out"
# a copy, so that what an earlier build left behind is not taken for part of it
mkdir "$work/source"
git -C "$here" ls-files -z | (cd "$here" && xargs -0 cp --parents -t "$work/source")
"$python" -m pip wheel --quiet --wheel-dir "$root/wheels" "$work/source[$extras]"
"$python" -m pip download --quiet --no-deps --dest "$root/wheels" pip
cp "$here/bundle/install.sh" "$root/"
mkdir "$root/systemd" && cp "$here"/systemd/* "$root/systemd/"
mkdir "$root/docs" && cp "$here"/docs/*.md "$root/docs/"
cp "$here/README.md" "$here/LICENSE" "$here/CHANGELOG.md" "$root/"
printf '%s\n' "$name" > "$root/VERSION"
printf '%s %s\n' "$arch" "${tag#py}" > "$root/MACHINE"
(cd "$root" && find . -type f ! -name SHA256SUMS -print0 | LC_ALL=C sort -z | xargs -0 sha256sum > SHA256SUMS)

# the same tree gives the same file: order, owner and times are fixed
when=$(git -C "$here" log -1 --format=%ct 2>/dev/null || echo 0)
file="$out/$name-$arch-$tag.tar.gz"
tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$when" -cf - "$(basename "$root")" | gzip -n > "$file"
(cd "$out" && sha256sum "$(basename "$file")" > "$(basename "$file").sha256")
echo "$file"
