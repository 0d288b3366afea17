package words_test

import (
	"encoding/json"
	"strings"
	"testing"

	"syncer/internal/db"
	"syncer/internal/words"
)

// TestWordsAreOneTameLine gives every text of a row a name that drives a terminal.
func TestWordsAreOneTameLine(t *testing.T) {
	t.Parallel()
	const evil, encoded = "a\x1b[2J\u202e\nb", `"a\u001b[2J\u202e\nb"`
	row := json.RawMessage(`{"id":"x","name":` + encoded + `,"amount_type":` + encoded + `,"price_currency":` + encoded + `,"recurring_interval":` + encoded +
		`,"position":` + encoded + `,"amount":` + encoded + `,"currency":` + encoded + `,"metadata":{"k":` + encoded + `},"product_id":"x"}`)
	for _, entity := range []string{"products", "prices", "discount_amounts", "checkout_link_products", "checkout_links", "table_of_tomorrow"} {
		for _, op := range []string{db.Insert, db.Update, db.Remove, db.Restore} {
			lines := words.Lines([]words.Change{{Entity: entity, Op: op, Before: row, After: row, Subject: evil}}, func(string) string { return evil })
			for _, l := range lines {
				if strings.ContainsAny(l.Text, "\x1b\u202e\n") || !strings.Contains(l.Text, `\x1b[2J\u202e`) {
					t.Errorf("%s %s: %q", op, entity, l.Text)
				}
			}
		}
	}
	if got := words.PriceJSON(row); strings.ContainsAny(got, "\x1b\u202e\n") || !strings.Contains(got, `\x1b`) {
		t.Errorf("price: %q", got)
	}
}
