package oracle

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// A Row maps a view's columns to text; nil is NULL. A column that holds a time which is
// not exactly known is a [Moment].
type Row map[string]any

// A Moment is a time of ours: some time in the runs from one to another, counted from 0.
type Moment struct {
	From, To int
	IsUpper  bool // an upper bound errs by as long as the database took to tell the time
}

// KeyOf names a row within its view.
func (v View) KeyOf(r Row) string {
	var parts []string
	for _, name := range v.Key {
		text, _ := r[name].(string) // "" for NULL
		parts = append(parts, text)
	}
	return strings.Join(parts, " ")
}

// Sorted puts rows in order of their key, and of all else for those that share one.
func (v View) Sorted(rows []Row) []Row {
	slices.SortFunc(rows, func(a, b Row) int {
		if order := cmp.Compare(v.KeyOf(a), v.KeyOf(b)); order != 0 {
			return order
		}
		return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b))
	})
	return rows
}

// null is a text or NULL.
func null(text *string) any {
	if text == nil {
		return nil
	}
	return *text
}

func number(n *int64) any {
	if n == nil {
		return nil
	}
	return strconv.FormatInt(*n, 10)
}

func boolean(is bool) any { return strconv.FormatBool(is) }

// money sets a column of minor units and its twin in the currency's own.
func (r Row) money(column string, amount *big.Rat, currency *string) {
	r[column], r[column+"_major"] = nil, nil
	if amount == nil {
		return
	}
	r[column] = amount.FloatString(0)
	if currency != nil {
		r[column+"_major"] = major(amount, currency).FloatString(exponent(*currency))
	}
}

// rate sets a column of minor units, which may be fractions of one, and its twin.
func (r Row) rate(column string, rate *big.Rat, currency *string) {
	r[column], r[column+"_major"] = plain(rate), plain(major(rate, currency))
}

// plain writes a number in full and without needless zeros.
func plain(r *big.Rat) any {
	if r == nil {
		return nil
	}
	digits, _ := r.FloatPrec()
	return r.FloatString(digits)
}

// currency sets the two columns of a currency.
func (r Row) currency(currency *string) {
	r["currency"], r["currency_exponent"] = null(currency), nil
	if currency != nil {
		r["currency_exponent"] = strconv.Itoa(exponent(*currency))
	}
}
