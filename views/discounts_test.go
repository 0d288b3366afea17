package views_test

import "testing"

func TestADiscountsStatusIsTheFirstThatHolds(t *testing.T) {
	t.Parallel()
	s := newSheet(t)
	const past, future = "2020-01-01Z", "2999-01-01Z"
	for i, row := range []cells{
		{},
		{"starts_at": past, "ends_at": future, "max_redemptions": 3, "redemptions_count": 2},
		{"starts_at": future, "ends_at": past, "max_redemptions": 1, "redemptions_count": 1},
		{"ends_at": past, "max_redemptions": 1, "redemptions_count": 1},
		{"max_redemptions": 1, "redemptions_count": 1},
		{"max_redemptions": 1, "redemptions_count": 5},
		{"max_redemptions": 0},
		{"ends_at": "infinity", "starts_at": "-infinity"},
		{"max_redemptions": 9223372036854775807, "redemptions_count": -1},
		{"max_redemptions": 9223372036854775807},
		{"max_redemptions": -9223372036854775807, "redemptions_count": 9223372036854775807},
	} {
		row["id"] = nth(300 + i)
		s.put("discounts", row)
	}
	s.shows("status, redemptions left", `
		redeemable,
		redeemable,1
		not_started,0
		ended,0
		used_up,0
		used_up,0
		used_up,0
		redeemable,
		redeemable,
		redeemable,9223372036854775807
		used_up,0`, `SELECT status, redemptions_left FROM polar_bi.discounts ORDER BY discount_id`)
	// The very moment still counts, at both ends.
	s.exec(`DELETE FROM discounts`)
	s.between("", "", func(exec func(string, ...any)) {
		sql, row := insert("discounts", cells{"id": nth(300)})
		exec(sql, row)
		exec(`UPDATE discounts SET starts_at = now(), ends_at = now()`)
		exec(`DO $$ BEGIN ASSERT (SELECT status FROM polar_bi.discounts) = 'redeemable'; END $$`)
	})
}

func TestADiscountSaysWhatItTakesOff(t *testing.T) {
	t.Parallel()
	s := newSheet(t)
	for i, row := range []cells{
		{"basis_points": 1250},
		{"basis_points": 9223372036854775807},
		{"type": "fixed", "amount": 100, "currency": "usd"}, // the shape of 2025
		{"type": "fixed", "amount": 100, "currency": "usd"}, // of today
		{"type": "fixed"},
		{"type": "gift", "amount": 100, "currency": "usd"},
	} {
		row["id"] = nth(300 + i)
		s.put("discounts", row)
	}
	for _, n := range []int{303, 305} {
		s.put("discount_amounts", cells{"discount_id": nth(n), "currency": "usd", "amount": 100})
		s.put("discount_amounts", cells{"discount_id": nth(n), "currency": "eur", "amount": 90})
	}
	s.shows("percent, amounts", `
		1250,12.50,
		9223372036854775807,92233720368547758.07,
		,,"{""usd"": 100}"
		,,"{""eur"": 90, ""usd"": 100}"
		,,
		,,`, `SELECT basis_points, percent, amounts FROM polar_bi.discounts ORDER BY discount_id`)
}

func TestADiscountCountsItsLiveLinks(t *testing.T) {
	t.Parallel()
	s := newSheet(t)
	s.put("discounts", cells{"id": nth(300)})
	s.put("discounts", cells{"id": nth(301)})
	s.put("checkout_links", cells{"id": nth(200), "discount_id": nth(300)})
	s.put("checkout_links", cells{"id": nth(201), "discount_id": nth(300)})
	s.put("checkout_links", cells{"id": nth(202), "discount_id": nth(300), "removed_at": "2026-01-02Z"})
	s.put("checkout_links", cells{"id": nth(203), "discount_id": nth(301), "removed_at": "2026-01-02Z"})
	s.put("checkout_links", cells{"id": nth(204)})
	s.shows("live links", "2\n0", `SELECT live_links FROM polar_bi.discounts ORDER BY discount_id`)
}

func TestEachChangeOfACountIsARedemption(t *testing.T) {
	t.Parallel()
	s := newSheet(t)
	s.put("discounts", cells{"id": nth(300), "name": "Spring", "redemptions_count": 7})
	s.put("checkout_links", cells{"id": nth(200), "discount_id": nth(300)})
	sets := func(before, on, what string) {
		t.Helper()
		s.between(day(before), day(on), func(exec func(string, ...any)) {
			exec(`UPDATE discounts SET changed_at = '`+day(on)+`', `+what+` WHERE id = $1`, nth(300))
		})
	}
	sets("09 00", "10 00", `redemptions_count = 9`)
	sets("10 00", "11 00", `name = 'Autumn'`)
	sets("11 00", "12 00", `redemptions_count = 8, code = 'FALL'`)
	sets("12 00", "13 00", `redemptions_count = 9223372036854775807`)
	sets("13 00", "14 00", `redemptions_count = -2`)
	s.put("discounts", cells{"id": nth(301), "redemptions_count": 5})
	s.exec(`DELETE FROM discounts WHERE id = $1`, nth(301))
	s.shows("redemptions", `
		`+nth(300)+`,Autumn,`+nth(0)+`,2,9,9,10
		`+nth(300)+`,Autumn,`+nth(0)+`,-1,8,11,12
		`+nth(300)+`,Autumn,`+nth(0)+`,9223372036854775799,9223372036854775807,12,13
		`+nth(300)+`,Autumn,`+nth(0)+`,,-2,13,14`, `
		SELECT discount_id, discount_name, organization_id, redemptions, redemptions_count, extract(day FROM not_before), extract(day FROM not_after)
		FROM polar_bi.discount_redemptions ORDER BY not_after`)
}
