package views_test

import (
	"strings"
	"testing"
)

// changesSince asks for the changes after one.
const changesSince = `
	SELECT op, entity, right(entity_id::text, 3)::int AS id, right(checkout_link_id::text, 3)::int AS link, right(product_id::text, 3)::int AS product,
		name, field, before, after
	FROM polar_bi.changes
	WHERE change_id > $1
	ORDER BY change_id, field`

// lastChange is the last change so far.
func (s *sheet) lastChange() (id int64) {
	s.tb.Helper()
	if err := s.db.Pool().QueryRow(s.tb.Context(), `SELECT coalesce(max(id), 0) FROM changes`).Scan(&id); err != nil {
		s.tb.Fatal(err)
	}
	return id
}

// fullSheet has a row of every table, each under one live link.
func fullSheet(tb testing.TB) *sheet {
	tb.Helper()
	s := newSheet(tb)
	s.put("discounts", cells{"id": nth(300), "name": "Spring", "type": "fixed"})
	s.put("discount_amounts", cells{"discount_id": nth(300), "currency": "usd", "amount": 100})
	s.put("checkout_links", cells{"id": nth(200), "label": "Home", "discount_id": nth(300)})
	s.put("products", cells{"id": nth(100), "name": "Handbook"})
	s.put("checkout_link_products", cells{"checkout_link_id": nth(200), "product_id": nth(100), "position": 0})
	s.put("meters", cells{"id": nth(400), "name": "Calls"})
	s.put("prices", cells{"id": nth(1), "product_id": nth(100), "meter_id": nth(400)})
	s.put("price_tiers", cells{"price_id": nth(1), "position": 0, "price_per_seat": 5})
	s.put("benefits", cells{"id": nth(500), "description": "Chat"})
	s.put("product_benefits", cells{"product_id": nth(100), "position": 0, "benefit_id": nth(500)})
	s.put("medias", cells{"id": nth(600), "name": "Cover"})
	s.put("product_medias", cells{"product_id": nth(100), "position": 0, "media_id": nth(600)})
	return s
}

func TestWhatCameIsOneRow(t *testing.T) {
	t.Parallel()
	s := fullSheet(t)
	s.shows("inserts", `
		insert,discounts,300,,,Spring,,,
		insert,discount_amounts,300,,,Spring,,,
		insert,checkout_links,200,200,,Home,,,
		insert,products,100,,100,Handbook,,,
		insert,checkout_link_products,200,200,100,Home,product_id,,`+nth(100)+`
		insert,meters,400,,,Calls,,,
		insert,prices,1,,100,Handbook,,,
		insert,price_tiers,1,,100,Handbook,,,
		insert,benefits,500,,,Chat,,,
		insert,product_benefits,100,,100,Handbook,benefit_id,,`+nth(500)+`
		insert,medias,600,,,Cover,,,
		insert,product_medias,100,,100,Handbook,media_id,,`+nth(600), changesSince, 0)
}

func TestWhatWentAndCameBackIsOneRow(t *testing.T) {
	t.Parallel()
	s := fullSheet(t)
	last := s.lastChange()
	s.exec(`UPDATE prices SET removed_at = now()`)
	s.exec(`UPDATE prices SET removed_at = NULL, tax_behavior = 'inclusive'`)
	s.exec(`UPDATE checkout_links SET removed_at = now()`)
	s.exec(`DELETE FROM checkout_link_products`)
	s.exec(`DELETE FROM product_benefits`)
	s.exec(`DELETE FROM product_medias`)
	s.exec(`DELETE FROM price_tiers`)
	s.exec(`DELETE FROM discount_amounts`)
	s.exec(`DELETE FROM checkout_links`)
	s.shows("removed and restored", `
		remove,prices,1,,100,Handbook,,,
		restore,prices,1,,100,Handbook,,,
		remove,checkout_links,200,200,,,,,
		remove,checkout_link_products,200,200,100,,product_id,`+nth(100)+`,
		remove,product_benefits,100,,100,Handbook,benefit_id,`+nth(500)+`,
		remove,product_medias,100,,100,Handbook,media_id,`+nth(600)+`,
		remove,price_tiers,1,,100,Handbook,,,
		remove,discount_amounts,300,,,Spring,,,
		remove,checkout_links,200,200,,,,,`, changesSince, last)
}

func TestEachChangedColumnIsARow(t *testing.T) {
	t.Parallel()
	s := fullSheet(t)
	last := s.lastChange()
	s.exec(`UPDATE checkout_links SET label = ' ', seats = 3, metadata = '{"a": [1.50, null]}', allow_discount_codes = false, modified_at = now()`)
	s.exec(`UPDATE products SET modified_at = now()`)
	s.exec(`UPDATE products SET name = 'Handbook, 2nd', metadata = NULL, trial_interval = 'day'`)
	s.exec(`UPDATE prices SET price_amount = 2000`)
	s.exec(`UPDATE price_tiers SET price_per_seat = 6`)
	s.exec(`UPDATE checkout_link_products SET position = 1`)
	s.put("benefits", cells{"id": nth(501), "description": "Call"})
	s.exec(`UPDATE product_benefits SET benefit_id = $1`, nth(501))
	s.exec(`UPDATE discount_amounts SET amount = 200`)
	s.exec(`UPDATE prices SET removed_at = '2026-02-01Z'`)
	s.exec(`UPDATE prices SET removed_at = '2026-02-02Z'`)
	s.shows("updates", `
		update,checkout_links,200,200,,,allow_discount_codes,true,false
		update,checkout_links,200,200,,,label,Home," "
		update,checkout_links,200,200,,,metadata,{},"{""a"": [1.50, null]}"
		update,checkout_links,200,200,,,seats,,3
		update,products,100,,100,"Handbook, 2nd",metadata,{},
		update,products,100,,100,"Handbook, 2nd",name,Handbook,"Handbook, 2nd"
		update,products,100,,100,"Handbook, 2nd",trial_interval,,day
		update,prices,1,,100,"Handbook, 2nd",price_amount,1000,2000
		update,price_tiers,1,,100,"Handbook, 2nd",price_per_seat,5,6
		update,checkout_link_products,200,200,,,position,0,1
		insert,benefits,501,,,Call,,,
		update,product_benefits,100,,100,"Handbook, 2nd",benefit_id,`+nth(500)+`,`+nth(501)+`
		update,discount_amounts,300,,,Spring,amount,100,200
		remove,prices,1,,100,"Handbook, 2nd",,,
		update,prices,1,,100,"Handbook, 2nd",removed_at,2026-02-01T00:00:00+00:00,2026-02-02T00:00:00+00:00`, changesSince, last)
}

func TestChangesHideSecrets(t *testing.T) {
	t.Parallel()
	s := newSheet(t)
	secret := func(n string) string { return "hush" + n }
	s.put("checkout_links", cells{"id": nth(200), "url": "https://buy.polar.sh/" + secret("1"), "client_secret": secret("1"), "extra": cells{"key": secret("1")}})
	last := s.lastChange()
	s.exec(`UPDATE checkout_links SET url = $1, client_secret = $1, extra = jsonb_build_object('key', $1::text), seats = 1`, secret("2"))
	s.exec(`UPDATE checkout_links SET extra = '{}'`)
	s.exec(`UPDATE checkout_links SET removed_at = now(), client_secret = $1`, secret("3"))
	s.exec(`DELETE FROM checkout_links`)
	s.shows("hidden", `
		client_secret,[hidden],[hidden]
		extra,[hidden],[hidden]
		seats,,1
		url,[hidden],[hidden]
		extra,[hidden],[hidden]
		,,
		,,`, `SELECT field, before, after FROM polar_bi.changes WHERE change_id > $1 ORDER BY change_id, field`, last)

	// A reader's own function may run before any filter of the view, on every row.
	s.exec(`CREATE FUNCTION overhears(said text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$
		BEGIN
			IF said LIKE '%hush%' THEN
				RAISE EXCEPTION 'overheard %', said;
			END IF;
			RETURN true;
		END $$`)
	var all string
	if err := s.db.Pool().QueryRow(t.Context(), `
		SELECT coalesce(string_agg(c::text, ' '), '') FROM polar_bi.changes AS c
		WHERE overhears(c.before) AND overhears(c.after) AND overhears(c::text) AND c.field <> 'url'`).Scan(&all); err != nil {
		t.Error(err)
	}
	if strings.Contains(all, "hush") {
		t.Error(all)
	}
}

func TestFirstSightsAndEditsByHandAreMarked(t *testing.T) {
	t.Parallel()
	s := fullSheet(t)
	last := s.lastChange()
	price := cells{"id": nth(2), "product_id": nth(100)}
	s.between(day("09 00"), day("10 00"), func(exec func(string, ...any)) {
		sql, row := insert("products", cells{"id": nth(101), "name": "New"}) // nobody knows since when
		exec(sql, row)
		sql, row = insert("prices", price) // the run before saw its product without it
		exec(sql, row)
		exec(`UPDATE products SET name = 'Renamed' WHERE id = $1`, nth(100))
	})
	s.put("medias", cells{"id": nth(601)})
	s.exec(`DELETE FROM medias WHERE id = $1`, nth(601))
	s.exec(`UPDATE products SET name = 'By hand' WHERE id = $1`, nth(100))
	s.shows("changes", `
		insert,products,"2026-01-10 00:00:00+00",,t,f,t
		insert,prices,"2026-01-10 00:00:00+00","2026-01-09 00:00:00+00",f,f,t
		update,products,"2026-01-10 00:00:00+00","2026-01-09 00:00:00+00",f,f,t
		insert,medias,,,t,t,f
		remove,medias,,,f,t,f
		update,products,,"2026-01-02 00:00:00+00",f,t,f`, `
		SELECT op, entity, CASE WHEN NOT is_by_hand THEN not_after END, not_before, is_first_sight, is_by_hand, run_id IS NOT NULL
		FROM polar_bi.changes WHERE change_id > $1 ORDER BY change_id`, last)
}

func TestTheHistoryMayHoldAnything(t *testing.T) {
	t.Parallel()
	s := fullSheet(t)
	s.exec(`TRUNCATE changes`)
	for _, odd := range []string{`'"text"'`, `'[1]'`, `'null'`, `'{}'`, `NULL`, `'{"redemptions_count": "many", "product_id": "none", "removed_at": 3, "": 1}'`, `'{"redemptions_count": 1e99}'`, `'{"redemptions_count": 9e131071}'`, `'{"redemptions_count": 1.5}'`} {
		s.exec(`INSERT INTO changes (entity, entity_id, op, before, after, not_after)
			SELECT entity, id, op, ` + odd + `::jsonb, CASE WHEN swapped THEN '{"redemptions_count": -9e131071, "product_id": "` + nth(100) + `\n"}'::jsonb ELSE ` + odd + `::jsonb END, now()
			FROM unnest(ARRAY['checkout_link_products', 'prices', 'discounts', 'nothing']) AS entity,
				unnest(ARRAY['insert', 'update', 'remove', 'restore']) AS op, unnest(ARRAY[false, true]) AS swapped,
				unnest(ARRAY['` + nth(1) + `', '` + nth(300) + `']::uuid[]) AS id`)
	}
	for _, view := range []string{"changes", "price_history", "discount_redemptions"} {
		if _, err := s.db.Pool().Exec(t.Context(), `SELECT count(v::text) FROM polar_bi.`+view+` AS v`); err != nil {
			t.Errorf("%s: %v", view, err)
		}
	}
}
