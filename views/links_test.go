package views_test

import "testing"

func TestABlankLabelIsNone(t *testing.T) {
	t.Parallel()
	s := newSheet(t)
	for i, label := range []any{nil, "", " \t\r\n\v\f ", " Home ", "v"} {
		s.put("checkout_links", cells{"id": nth(200 + i), "label": label})
	}
	s.shows("labels", ",t\n,t\n,t\n\" Home \",f\nv,f", `SELECT label, label IS NULL FROM polar_bi.checkout_links ORDER BY checkout_link_id`)
	s.shows("names of changes", ",t\n,t\n,t\n\" Home \",f\nv,f", `SELECT name, name IS NULL FROM polar_bi.changes ORDER BY change_id`)
}

func TestALinkNamesItsFirstProductAndItsDiscount(t *testing.T) {
	t.Parallel()
	s := newSheet(t)
	s.put("discounts", cells{"id": nth(300), "name": "Spring"})
	for n := 100; n < 103; n++ {
		s.put("products", cells{"id": nth(n)})
	}
	s.put("checkout_links", cells{"id": nth(200), "discount_id": nth(300)})
	s.put("checkout_links", cells{"id": nth(201), "removed_at": "2026-01-02Z"})
	s.put("checkout_links", cells{"id": nth(202)})
	s.put("checkout_links", cells{"id": nth(203)})
	offers := func(link, product, position int) {
		s.put("checkout_link_products", cells{"checkout_link_id": nth(link), "product_id": nth(product), "position": position})
	}
	offers(200, 101, 0)
	offers(200, 100, 1)
	offers(201, 102, 0)
	offers(203, 102, 0) // two at one place, by hand
	offers(203, 101, 0)
	s.shows("links", `
		`+nth(200)+`,t,`+nth(101)+`,2,`+nth(300)+`,Spring
		`+nth(201)+`,f,`+nth(102)+`,1,,
		`+nth(202)+`,t,,0,,
		`+nth(203)+`,t,`+nth(101)+`,2,,`, `
		SELECT checkout_link_id, is_live, product_id, products, discount_id, discount_name FROM polar_bi.checkout_links ORDER BY checkout_link_id`)
	s.shows("products", "1,t\n2,t\n1,t", `SELECT live_links, is_watched FROM polar_bi.products ORDER BY product_id`)
	s.exec(`UPDATE checkout_links SET removed_at = now() WHERE id IN ($1, $2)`, nth(200), nth(203))
	s.shows("products", "0,f\n0,f\n0,f", `SELECT live_links, is_watched FROM polar_bi.products ORDER BY product_id`)
}

func TestTheSameBenefitMayStandTwice(t *testing.T) {
	t.Parallel()
	s := newSheet(t)
	s.put("products", cells{"id": nth(100), "name": "Handbook"})
	s.put("benefits", cells{"id": nth(500), "type": "discord", "description": "Chat"})
	s.put("benefits", cells{"id": nth(501), "description": "Call"})
	for position, n := range []int{500, 501, 500} {
		s.put("product_benefits", cells{"product_id": nth(100), "position": position, "benefit_id": nth(n)})
	}
	s.shows("benefits", `
		`+nth(100)+`,Handbook,0,`+nth(500)+`,discord,Chat
		`+nth(100)+`,Handbook,1,`+nth(501)+`,custom,Call
		`+nth(100)+`,Handbook,2,`+nth(500)+`,discord,Chat`, `SELECT product_id, product_name, position, benefit_id, benefit_type, benefit_description FROM polar_bi.product_benefits ORDER BY position`)
}
