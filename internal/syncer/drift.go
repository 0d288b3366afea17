package syncer

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"syncer/internal/db"
	"syncer/internal/fetch"
	"syncer/internal/fetch/wire"
)

// sampleLength bounds what drift keeps of an unknown value, in bytes.
const sampleLength = 200

// addDrift notes what the answers hold that this program does not know, each
// thing once with how many links had it.
func addDrift(b *db.Batch, observed []fetch.Observed, clock db.Clock) {
	type key struct{ kind, path, value string }
	type drift struct {
		sample string
		at     time.Time
		count  int64
	}
	found := map[key]*drift{}
	for _, o := range observed {
		inLink := map[key]bool{}
		for _, n := range o.Notes {
			k := key{kind: string(n.Kind), path: storable(n.Path)}
			sample := mask(n.Path, storable(string(n.Value)))
			if n.Kind == wire.UnknownValue {
				k.value = sample
			}
			if found[k] == nil {
				found[k] = &drift{sample: sample, at: clock.Earliest(o.At)}
			}
			if !inLink[k] {
				inLink[k] = true
				found[k].count++
			}
		}
	}
	r := &b.Drift
	for _, k := range slices.SortedFunc(maps.Keys(found), func(a, b key) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.path, b.path), cmp.Compare(a.value, b.value))
	}) {
		r.Kind = append(r.Kind, k.kind)
		r.Path = append(r.Path, k.path)
		r.Value = append(r.Value, k.value)
		r.Sample = append(r.Sample, found[k].sample)
		r.SeenAt = append(r.SeenAt, found[k].at)
		r.Count = append(r.Count, found[k].count)
	}
}

// mask cuts a sample short and hides what could be a secret, by its name or by
// how Polar's own secrets begin.
func mask(path, sample string) string {
	name := strings.ToLower(path[strings.LastIndexByte(path, '.')+1:])
	for _, word := range []string{"secret", "token", "password", "key", "url"} {
		if strings.Contains(name, word) {
			return "[hidden]"
		}
	}
	for _, prefix := range []string{"polar_", "whsec_", "sk_", "rk_"} {
		if strings.Contains(sample, prefix) {
			return "[hidden]"
		}
	}
	if len(sample) > sampleLength {
		sample = strings.ToValidUTF8(sample[:sampleLength], "") + "…"
	}
	return sample
}
