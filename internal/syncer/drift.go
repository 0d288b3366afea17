package syncer

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"syncer/internal/db"
	"syncer/internal/fetch"
	"syncer/internal/fetch/wire"
	"syncer/internal/secret"
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

// mask cuts a sample, JSON, short, and hides what could be a secret at any depth: by
// its name or by what it looks like.
func mask(path, sample string) string {
	if secretive(path[strings.LastIndexByte(path, '.')+1:]) {
		return hidden
	}
	if strings.ContainsAny(sample[:min(1, len(sample))], "{[") {
		sample = maskNested(sample)
	} else if secret.Mask(sample) != sample {
		return hidden
	}
	if len(sample) > sampleLength {
		sample = strings.ToValidUTF8(sample[:sampleLength], "") + "…"
	}
	return sample
}

// maskNested hides secrets in an object or array.
func maskNested(sample string) string {
	var value any
	decoder := json.NewDecoder(strings.NewReader(sample))
	decoder.UseNumber()
	if decoder.Decode(&value) != nil { // what cannot be looked into may hold anything
		return hidden
	}
	masked, err := json.Marshal(maskValue(value))
	if err != nil {
		return hidden
	}
	return string(masked)
}

func maskValue(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			if v[name] = maskValue(inner); secretive(name) {
				v[name] = hidden
			}
		}
	case []any:
		for i, inner := range v {
			v[i] = maskValue(inner)
		}
	case string:
		if secret.Mask(v) != v {
			return hidden
		}
	}
	return value
}

const hidden = "[hidden]"

// secretive reports whether a key's name says that its value is a secret.
func secretive(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{"secret", "token", "password", "key", "url"}, func(word string) bool {
		return strings.Contains(name, word)
	})
}
