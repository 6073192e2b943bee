# shellcheck shell=sh disable=SC2154,SC2034 # sourced by ../cli.sh
# Rows that stay on the host: the same model, and the messages about them.

begin "rows on the host give the same model"
for form in layers whole; do
  for data in class value; do
    code 0 train --data $data.csv --model 64relu --step $form --epochs 7 --data-on device --log device.log --out device.safetensors
    if grep -q '^memory' err; then flunk "tells of the host: $(cat err)"; fi
    code 0 train --data $data.csv --model 64relu --step $form --epochs 7 --data-on host --log host.log --json --out host.safetensors
    err '^memory   the rows stay on the host; blocks'
    json out
    out '"data_on": "host"'
    same device.safetensors host.safetensors
    head -1 host.log | grep -q '"data_on":"host"' || flunk "start line: $(head -1 host.log)"
    head -1 device.log | grep -q '"data_on":"device"' || flunk "start line: $(head -1 device.log)"
    losses() { sed -n '/"epoch"/s/"samples_per_second.*//p' "$1"; }
    losses device.log >device.losses
    losses host.log >host.losses
    [ "$(wc -l <host.losses)" -ge 7 ] || flunk "no losses: $(cat host.log)"
    same device.losses host.losses
  done
done
code 0 train --data class.csv --epochs 1 --json --quiet --out host.safetensors
out '"data_on": "device"'
complains 2 'data-on' train --data class.csv --data-on moon --quiet
