package words_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/words"
)

func raw(text string) json.RawMessage {
	if text == "" {
		return nil
	}
	return json.RawMessage(text)
}

func TestLinesSayChangesInPlainWords(t *testing.T) {
	t.Parallel()
	const product = "11111111-1111-4111-8111-111111111111"
	fixed := func(id, amount string) string {
		return `{"id":"` + id + `","amount_type":"fixed","price_amount":` + amount + `,"price_currency":"usd","recurring_interval":"month"}`
	}
	for name, test := range map[string]struct {
		changes []words.Change
		want    []words.Line
	}{
		"a price in the place of another": {
			[]words.Change{
				{Entity: "prices", Op: "insert", After: raw(fixed("b", "9900")), Subject: "Pro"},
				{Entity: "prices", Op: "remove", Before: raw(fixed("a", "8900")), Subject: "Pro"},
			},
			[]words.Line{{words.Changed, `price of "Pro" 89.00 usd a month -> 99.00 usd a month`}},
		},
		"a price that went, told by its row": {
			[]words.Change{{Entity: "prices", Op: "remove", Before: raw(`{"removed_at":null}`), Price: raw(fixed("a", "100")), Subject: "Pro"}},
			[]words.Line{{words.Went, `price 1.00 usd a month of "Pro" is gone`}},
		},
		"a price with other terms": {
			[]words.Change{
				{Entity: "prices", Op: "remove", Before: raw(`{"id":"a","amount_type":"free","tax_behavior":null}`)},
				{Entity: "prices", Op: "insert", After: raw(`{"id":"b","amount_type":"free","tax_behavior":"inclusive"}`)},
			},
			[]words.Line{{words.Changed, `price free has other terms: tax behavior none -> "inclusive"`}},
		},
		"columns, without what follows from them": {
			[]words.Change{{
				Entity: "products", Op: "update", Subject: "New", Before: raw(`{"name":"Old","modified_at":null,"is_archived":false}`),
				After: raw(`{"name":"New","modified_at":"2026-01-01","is_archived":true}`),
			}},
			[]words.Line{
				{words.Changed, `product "New": is archived no -> yes`},
				{words.Changed, `product "New": name "Old" -> "New"`},
			},
		},
		"ids of things with a name": {
			[]words.Change{{Entity: "benefits", Op: "update", Subject: "Calls", Before: raw(`{"credit_meter_id":null}`), After: raw(`{"credit_meter_id":"` + product + `"}`)}},
			[]words.Line{{words.Changed, `benefit "Calls": credit meter id none -> "The product"`}},
		},
		"amounts whose currency is not known": {
			[]words.Change{
				{Entity: "prices", Op: "update", Subject: "Pro", Before: raw(`{"cap_amount":500}`), After: raw(`{"cap_amount":null}`)},
				{Entity: "price_tiers", Op: "update", Subject: "Pro", Before: raw(`{"price_per_seat":700}`), After: raw(`{"price_per_seat":800}`)},
				{Entity: "discount_amounts", Op: "update", Subject: "Sale", Before: raw(`{"amount":500}`), After: raw(`{"amount":600}`)},
			},
			[]words.Line{
				{words.Changed, `price of "Pro": cap amount 500 -> none minor units`},
				{words.Changed, `tier of a price of "Pro": price per seat 700 -> 800 minor units`},
				{words.Changed, `discount "Sale": amount 500 -> 600 minor units`},
			},
		},
		"secrets stay hidden": {
			[]words.Change{{Entity: "checkout_links", Op: "update", Before: raw(`{"client_secret":"a","url":"b"}`), After: raw(`{"client_secret":"c","url":"d"}`)}},
			[]words.Line{
				{words.Changed, `link: client secret [hidden] -> [hidden]`},
				{words.Changed, `link: url [hidden] -> [hidden]`},
			},
		},
		"lists": {
			[]words.Change{
				{Entity: "checkout_link_products", Op: "insert", After: raw(`{"product_id":"` + product + `","position":0}`)},
				{Entity: "checkout_link_products", Op: "update", Before: raw(`{"position":1}`), After: raw(`{"position":2}`)},
				{Entity: "product_benefits", Op: "update", Subject: "Pro", Before: raw(`{"benefit_id":"x"}`), After: raw(`{"benefit_id":"y"}`)},
				{Entity: "product_medias", Op: "remove", Subject: "Pro", Before: raw(`{"media_id":"x","position":0}`)},
				{Entity: "discount_amounts", Op: "insert", Subject: "Sale", After: raw(`{"currency":"jpy","amount":500}`)},
			},
			[]words.Line{
				{words.Came, `link offers product "The product" at place 0`},
				{words.Changed, `link offers a product at another place: 1 -> 2`},
				{words.Changed, `product "Pro" gives benefit y instead of benefit x`},
				{words.Went, `product "Pro" no longer shows picture x`},
				{words.Came, `discount "Sale": 500 jpy off`},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := words.Lines(test.changes, func(id string) string {
				return map[string]string{product: "The product"}[id]
			})
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
