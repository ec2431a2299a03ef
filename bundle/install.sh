#!/bin/sh
# Installs or upgrades edge-agent from this bundle, without a package index:   sudo ./install.sh
#
#   --rollback    back to the version before
#   --no-service  leave running services alone
#   --root DIR    everything below DIR, no accounts and no services (an image); SYSTEMCTL=PROGRAM in a test
#
# Keys, ledger and configuration are never touched.  A version that fails its self-test, or whose service does not come up,
# is not left in place.
set -eu
umask 022                       # whatever root's is: the accounts of the services read and run what is installed
bundle=$(cd "$(dirname "$0")" && pwd)
root="" service=yes rollback=no
while [ $# -gt 0 ]; do
  case "$1" in
    --root) root=${2:?--root needs a directory}; shift ;;
    --no-service) service=no ;;
    --rollback) rollback=yes ;;
    *) sed -n '2,9s/^# \{0,1\}//p' "$0"; [ "$1" = --help ] && exit 0; exit 2 ;;
  esac
  shift
done
systemctl=${SYSTEMCTL:-systemctl}
[ -z "$root" ] || [ -n "${SYSTEMCTL:-}" ] || service=no
opt="$root/opt/edge-agent"
config="$root/etc/edge-agent/edge-agent.toml"

ok() { printf 'ok    %s\n' "$1"; }
fail() { printf 'FAIL  %s\n      %s\n' "$1" "$2" >&2; exit 1; }

switch_to() {                   # atomic: a command started meanwhile is of the old version or the new one, never of none
  ln -sfn "$1" "$opt/current.new" && mv -T "$opt/current.new" "$opt/current"
}

comes_up() {                    # the services of the version in place; half a minute
  "$systemctl" restart edge-agent edge-agent-uplink || return 1
  "$systemctl" try-restart edge-agent-relay || return 1
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    sleep "${EDGE_AGENT_PAUSE_S:-3}"
    "$systemctl" is-active --quiet edge-agent && "$opt/current/bin/edge-agent" status --json --config "$config" >/dev/null 2>&1 && return 0
  done
  return 1
}

[ -n "$root" ] || [ "$(id -u)" = 0 ] || fail "this account may not install" "sudo ./install.sh"
before=$(readlink "$opt/current" 2>/dev/null || true)
running=no
if [ $service = yes ] && "$systemctl" is-active --quiet edge-agent 2>/dev/null; then running=yes; fi

if [ $rollback = yes ]; then
  old=$(readlink "$opt/previous" 2>/dev/null || true)
  [ -n "$old" ] && [ -d "$opt/$old" ] || fail "there is no version before this one" "ls $opt"
  switch_to "$old"
  ln -sfn "$before" "$opt/previous"
  [ $running = no ] || comes_up || fail "$old does not come up" "journalctl -u edge-agent -n 20"
  ok "back to $old"
  exit 0
fi

# --- before anything is changed
(cd "$bundle" && sha256sum --quiet -c SHA256SUMS) || fail "the bundle is damaged" "Copy it again and compare its .sha256"
ok "checksums"
name=$(cat "$bundle/VERSION")
read -r arch python < "$bundle/MACHINE"
[ "$(uname -m)" = "$arch" ] || fail "this bundle is for $arch, this machine is $(uname -m)" "Take the bundle for $(uname -m)"
command -v "python$python" >/dev/null || fail "Python $python is not installed" "apt install python3 (Debian 12 has 3.11)"
ok "machine: $arch, Python $python"

# --- the new version beside the old one
new="$opt/$name"
if [ ! -e "$new/.complete" ]; then
  rm -rf "$new"
  mkdir -p "$opt"
  "python$python" -m venv --without-pip "$new"
  pip=$(ls "$bundle"/wheels/pip-*.whl)
  agent=$(ls "$bundle"/wheels/edge_agent-*.whl)
  "$new/bin/python" "$pip/pip" install --quiet --no-index --no-deps --no-warn-script-location "$bundle"/wheels/[!p]*.whl \
    $(ls "$bundle"/wheels/p*.whl | grep -v '/pip-') || { rm -rf "$new"; fail "$agent was not installed" "Is the disk full? df $opt"; }
  : > "$new/.complete"
fi
ok "installed in $new"
"$new/bin/edge-agent" selftest > "$new/selftest.txt" || {
  cat "$new/selftest.txt" >&2; rm -f "$new/.complete"; fail "the new version fails its self-test" "What is in place stays: ${before:-nothing}"; }
ok "self-test"
if [ -e "$config" ]; then
  "$new/bin/edge-agent" config check --config "$config" >/dev/null || fail "the new version refuses $config" \
    "What is in place stays: ${before:-nothing}. Correct the file, then ./install.sh again"
  ok "configuration"
fi

# --- accounts, directories, units
if [ -z "$root" ]; then
  getent passwd edge-agent-uplink >/dev/null || useradd --system --home /nonexistent edge-agent-uplink
  getent passwd edge-agent-relay >/dev/null || useradd --system --home /nonexistent edge-agent-relay
  getent group edge-agent-op >/dev/null || groupadd --system edge-agent-op
  getent passwd edge-agent >/dev/null || useradd --system --home /var/lib/edge-agent edge-agent
  usermod -aG dialout,edge-agent-uplink,edge-agent-relay,edge-agent-op edge-agent
  install -d -o edge-agent -g edge-agent -m 0711 /var/lib/edge-agent
fi
install -d "$root/etc/edge-agent" "$root/etc/systemd/system" "$root/etc/udev/rules.d" "$root/usr/local/bin" \
  "$root/usr/share/doc/edge-agent" "$root/usr/local/share/man/man1" "$root/usr/share/bash-completion/completions"
install -m 0644 "$bundle"/systemd/*.service "$root/etc/systemd/system/"
install -m 0644 "$bundle"/systemd/*.rules "$root/etc/udev/rules.d/"
install -m 0644 "$bundle"/docs/*.md "$bundle/README.md" "$bundle/CHANGELOG.md" "$bundle/LICENSE" "$root/usr/share/doc/edge-agent/"
install -m 0644 "$new/share/man/man1/edge-agent.1" "$root/usr/local/share/man/man1/"
install -m 0644 "$new/share/bash-completion/completions/edge-agent" "$root/usr/share/bash-completion/completions/"
ln -sfn /opt/edge-agent/current/bin/edge-agent "$root/usr/local/bin/edge-agent"
ok "accounts, units, port names, documents"

# --- from here on it is in use
switch_to "$name"
[ -z "$before" ] || [ "$before" = "$name" ] || ln -sfn "$before" "$opt/previous"
if [ -z "$root" ]; then
  "$systemctl" daemon-reload 2>/dev/null || true
  udevadm control --reload 2>/dev/null || true
fi
if [ $running = yes ] && ! comes_up; then
  [ -n "$before" ] && [ "$before" != "$name" ] || fail "the service does not come up" "journalctl -u edge-agent -n 20"
  switch_to "$before"
  comes_up || true
  fail "$name does not come up; $before is in place again" "journalctl -u edge-agent -n 40, then tell us"
fi
for old in "$opt"/edge-agent-*; do       # this one and the one before are kept
  [ -d "$old" ] || continue
  case "$(basename "$old")" in "$name" | "$(readlink "$opt/previous" 2>/dev/null || true)") ;; *) rm -rf "$old" ;; esac
done
ok "$name is in use$([ -z "$before" ] || [ "$before" = "$name" ] || echo ", $before is kept: ./install.sh --rollback")"
[ -e "$config" ] || echo "Next: sudo edge-agent setup   (by hand: /usr/share/doc/edge-agent/install.md)"
