package main

import (
	"encoding/json"
	"fmt"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/db/dbtest"
)

const (
	interrupt = syscall.SIGINT // what Ctrl-C sends
	terminate = syscall.SIGTERM
)

// wantWhole expects every link in the tables to have all of its products, and
// every product all of its prices, as in the current step.
func wantWhole(tb testing.TB, p *place) {
	tb.Helper()
	step, err := recording(tb, p.scenario).Step(p.polar.StepIndex())
	if err != nil {
		tb.Fatal(err)
	}
	want := map[string]string{}
	for _, answer := range step.Links {
		var link struct {
			Products []struct {
				Prices, Benefits, Medias []struct{}
			}
		}
		if answer.Status != 0 && answer.Status != 200 {
			continue
		}
		if err := json.Unmarshal(answer.Body, &link); err != nil {
			tb.Fatal(err)
		}
		parts := [4]int{len(link.Products)}
		for _, product := range link.Products {
			parts[1] += len(product.Prices)
			parts[2] += len(product.Benefits)
			parts[3] += len(product.Medias)
		}
		want[answer.ID] = fmt.Sprint(parts)
	}
	got := map[string]string{}
	rows, err := dbtest.Open(tb, p.database).Pool().Query(tb.Context(), `
		SELECT l.id::text, count(*),
			sum((SELECT count(*) FROM prices x WHERE x.product_id = j.product_id AND x.removed_at IS NULL)),
			sum((SELECT count(*) FROM product_benefits x WHERE x.product_id = j.product_id)),
			sum((SELECT count(*) FROM product_medias x WHERE x.product_id = j.product_id))
		FROM checkout_links l JOIN checkout_link_products j ON j.checkout_link_id = l.id GROUP BY l.id`)
	if err != nil {
		tb.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var parts [4]int
		if err := rows.Scan(&id, &parts[0], &parts[1], &parts[2], &parts[3]); err != nil {
			tb.Fatal(err)
		}
		got[id] = fmt.Sprint(parts)
	}
	if err := rows.Err(); err != nil {
		tb.Fatal(err)
	}
	for id := range want {
		if _, there := got[id]; !there {
			delete(want, id)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		tb.Errorf("links are not whole (products, prices, benefits, medias):\n%s", diff)
	}
}
