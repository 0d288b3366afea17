package fetchtest

import (
	"embed"
	"encoding/json"
	"fmt"
)

//go:embed live/*.json
var live embed.FS

// Live returns one link as the real server answered it in November 2026, with ids
// and secrets replaced:
//
//	minor-units     prices in currencies whose minor units are not ISO 4217's
//	tiers           seat_based and unit_based prices in tiers, metered_unit ones with fractions
//	september-2026  metered_tiers prices and a meter_credit's properties, by Polar's SDK of 2026-09-30
//
// It panics for any other name.
func Live(name string) Answer {
	body, err := live.ReadFile("live/" + name + ".json")
	var link struct{ ID string }
	if err == nil {
		err = json.Unmarshal(body, &link)
	}
	if err != nil {
		panic(fmt.Sprintf("fetchtest: live link: %v", err))
	}
	return Answer{ID: link.ID, Body: body}
}
