package sdk_test

import (
	"encoding/json"
	"math/big"
	"reflect"
	"strconv"
	"strings"

	"github.com/polarsource/polar-go/models/components"

	"syncer/internal/fetch"
)

// loss is a field that both have and the two may differ in.
type loss struct {
	field string
	why   string
	// forget makes a field of ours what the SDK has, and says whether it was
	// anything else before. Without it, no recorded link has a value to compare.
	forget func(parent, field reflect.Value) bool
}

// losses is complete. Each must show in the recordings: once the SDK keeps a
// value, its entry must go, so that the value is compared.
var losses = []loss{
	{"CheckoutLink.Metadata", "integers beyond 64 bits become float64", round},
	{"Product.Metadata", "integers beyond 64 bits become float64", round},
	{"Price.Type", "deprecated: in the SDK on legacy prices only", dropUnlessLegacy},
	{"Price.RecurringInterval", "deprecated: in the SDK on legacy prices only", dropUnlessLegacy},
	{"Price.ModifiedAt", "prices are replaced, not modified", nil},
	{"Price.IsArchived", "archived prices leave their product", nil},
	{"Product.IsArchived", "archived products leave their links, but for those of 2025, which the SDK cannot read", nil},
}

// sdkTypes are what the SDK has for each of our types. Ours that stand here not
// at all belong to kinds that it does not know.
var sdkTypes = map[string][]any{
	"CheckoutLink": {components.CheckoutLink{}},
	"Product":      {components.CheckoutLinkProduct{}},
	"Price": {
		components.ProductPriceFixed{},
		components.ProductPriceCustom{},
		components.ProductPriceMeteredUnit{},
		components.ProductPriceSeatBased{},
		components.LegacyRecurringProductPriceFixed{},
		components.LegacyRecurringProductPriceCustom{},
	},
	"Meter":     {components.ProductPriceMeter{}},
	"SeatTiers": {components.ProductPriceSeatTiersOutput{}},
	"SeatTier":  {components.ProductPriceSeatTier{}},
	"Benefit":   {components.BenefitPublic{}},
	"Media":     {components.ProductMediaFileRead{}},
	"Discount": {
		components.DiscountFixedOnceForeverDurationBase{},
		components.DiscountFixedRepeatDurationBase{},
		components.DiscountPercentageOnceForeverDurationBase{},
		components.DiscountPercentageRepeatDurationBase{},
	},
}

// inSDK says whether the SDK has a field of ours, such as Price.ID. One that it
// does not have is left out of the comparison, and noted: a new field of ours is
// no failure of the SDK's.
func inSDK(name string) bool {
	owner, field, _ := strings.Cut(name, ".")
	for _, theirs := range sdkTypes[owner] {
		for sf := range reflect.TypeOf(theirs).Fields() {
			key, _, _ := strings.Cut(sf.Tag.Get("json"), ",")
			if strings.EqualFold(strings.ReplaceAll(key, "_", ""), field) {
				return true
			}
		}
	}
	return false
}

func drop(_, field reflect.Value) bool {
	had := !field.IsZero()
	field.SetZero()
	return had
}

func dropUnlessLegacy(parent, field reflect.Value) bool {
	if parent.Interface().(fetch.Price).Legacy != nil {
		return false
	}
	return drop(parent, field)
}

// round writes numbers of metadata as the SDK does, which holds an int64 or
// else a float64.
func round(_, field reflect.Value) bool {
	field = reflect.Indirect(field)
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(field.Bytes(), &members); err != nil {
		return false
	}
	lost := false
	for key, text := range members {
		exact, isNumber := new(big.Rat).SetString(string(text))
		if !isNumber || exact.IsInt() && exact.Num().IsInt64() {
			continue
		}
		f, _ := exact.Float64()
		members[key] = strconv.AppendFloat(nil, f, 'g', -1, 64)
		if rounded, _ := new(big.Rat).SetString(string(members[key])); rounded.Cmp(exact) != 0 {
			lost = true
		}
	}
	if text, err := json.Marshal(members); err == nil {
		field.SetBytes(text)
	}
	return lost
}

// walk visits every field of the structs of package fetch in v, named by type,
// such as Price.ID.
func walk(v reflect.Value, visit func(name string, parent, field reflect.Value)) {
	switch {
	case v.Kind() == reflect.Pointer && !v.IsNil():
		walk(v.Elem(), visit)
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), visit)
		}
	case isOurs(v.Type()):
		for sf, field := range v.Fields() {
			if !skipped(sf) {
				visit(v.Type().Name()+"."+sf.Name, v, field)
				walk(field, visit)
			}
		}
	}
}

// names returns the names of all fields that walk can reach.
func names(t reflect.Type) (all []string) {
	if t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		return names(t.Elem())
	}
	if !isOurs(t) {
		return nil
	}
	for sf := range t.Fields() {
		if !skipped(sf) {
			all = append(all, t.Name()+"."+sf.Name)
			all = append(all, names(sf.Type)...)
		}
	}
	return all
}

func isOurs(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t.PkgPath() == reflect.TypeFor[fetch.CheckoutLink]().PkgPath()
}

// skipped fields have no counterpart in any SDK: the deprecated copies on a
// link, an object's place in the body, and unknown keys, of which the
// recordings have none.
func skipped(sf reflect.StructField) bool {
	return sf.Name == "_" || sf.Name == "Sent" || sf.Name == "Extra"
}
