package clones_test

import (
	"testing"

	"github.com/google/uuid"

	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest/clones"
)

// TestShares checks that clones are separate links that share a fifth as many
// products, and that a product is the same in all of them.
func TestShares(t *testing.T) {
	t.Parallel()
	const n = 3000
	o, err := clones.New(n)
	if err != nil {
		t.Fatal(err)
	}
	links, secrets, products, prices := map[uuid.UUID]bool{}, map[string]bool{}, map[uuid.UUID]string{}, map[uuid.UUID]uuid.UUID{}
	for i := range n {
		link, notes, err := fetch.DecodeLink(o.Append(nil, i))
		if err != nil || len(notes) > 0 {
			t.Fatalf("link %d: %v, notes %v", i, err, notes)
		}
		if link.ID != o.ID(i) {
			t.Fatalf("link %d is %s, want %s", i, link.ID, o.ID(i))
		}
		links[link.ID], secrets[link.ClientSecret] = true, true
		for _, p := range link.Products {
			if name, seen := products[p.ID]; seen && name != p.Name {
				t.Fatalf("product %s is both %q and %q", p.ID, name, p.Name)
			}
			products[p.ID] = p.Name
			for _, price := range p.Prices {
				if owner, seen := prices[price.ID]; seen && owner != p.ID {
					t.Fatalf("price %s is of product %s and of %s", price.ID, owner, p.ID)
				}
				prices[price.ID] = p.ID
			}
		}
	}
	if len(links) != n || len(secrets) != n || len(products) != n/5 {
		t.Errorf("%d links with %d secrets and %d products, want %d, %d, %d", len(links), len(secrets), len(products), n, n, n/5)
	}
}

// TestChange checks that a change affects one in a hundred links, and only its label.
func TestChange(t *testing.T) {
	t.Parallel()
	o, err := clones.New(250)
	if err != nil {
		t.Fatal(err)
	}
	before := make([]string, o.Links())
	for i := range before {
		before[i] = string(o.Append(nil, i))
	}
	want, changed := o.Change(), 0
	for i := range before {
		body := o.Append(nil, i)
		if string(body) == before[i] {
			continue
		}
		changed++
		link, _, err := fetch.DecodeLink(body)
		if err != nil || link.Label == nil || *link.Label != "Campaign 1" {
			t.Errorf("link %d: label %v, %v", i, link.Label, err)
		}
	}
	if changed != want || want != 3 {
		t.Errorf("%d links changed, Change said %d, want 3", changed, want)
	}
}
