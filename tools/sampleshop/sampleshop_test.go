package main

import (
	"slices"
	"testing"
	"time"
)

func TestTitle(t *testing.T) {
	for raw, want := range map[string]string{
		"WHITE HANGING HEART T-LIGHT HOLDER":  "White Hanging Heart T-Light Holder",
		"SET/6 RED SPOTTY PAPER CUPS":         "Set of 6 Red Spotty Paper Cups",
		"RABBIT NIGHT LIGHT":                  "Rabbit Night Light",
		"BIRDCAGE DECORATION TEALIGHT HOLDER": "Birdcage Decoration T-Light Holder",
		"KEY FOB , BACK DOOR":                 "Key Fob, Back Door",
		"LUNCH BAG BLACK SKULL.":              "Lunch Bag Black Skull",
		"POLYESTER FILLER PAD 40x40cm":        "Polyester Filler Pad 40x40cm",
	} {
		if got := title(raw); got != want {
			t.Errorf("title(%q) = %q, want %q", raw, got, want)
		}
	}
}

func TestWordsOfADescription(t *testing.T) {
	for _, c := range []struct {
		raw, category string
		set           int
	}{
		{"PACK OF 72 RETROSPOT CAKE CASES", "kitchen/baking/cake cases", 72},
		{"SET/2 RED RETROSPOT TEA TOWELS ", "kitchen/tea towels and cloths", 2},
		{"S/4 CACTI CANDLES", "home/candles", 4},
		{"PACK OF SIX LED TEA LIGHTS", "home/lighting/led t-lights", 6},
		{"3 TIER CAKE TIN RED AND CREAM", "kitchen/storage tins", 0},
		{"PEG BAG APPLES DESIGN", "home/laundry", 0},
		{"XYZZY", unsorted, 0},
	} {
		words := plainWords(c.raw)
		if got := categoriesOf(words)[0]; got != c.category {
			t.Errorf("%q is in %q, want %q", c.raw, got, c.category)
		}
		if got := setOf(words); got != c.set {
			t.Errorf("%q is a set of %d, want %d", c.raw, got, c.set)
		}
	}
	colours := attributesOf(plainWords("RED/CREAM STRIPE CUSHION COVER "))["colour"]
	if list, ok := colours.([]string); !ok || !slices.Equal(list, []string{"red", "cream"}) {
		t.Errorf("colours are %v, want red and cream", colours)
	}
}

func TestIsSale(t *testing.T) {
	sale := row{invoice: "560001", code: "85123A", description: "WHITE HANGING HEART", quantity: 6, pence: 255, at: periodStart}
	change := func(f func(*row)) row {
		r := sale
		f(&r)
		return r
	}
	for name, c := range map[string]struct {
		row  row
		want bool
	}{
		"sale":               {sale, true},
		"cancellation":       {change(func(r *row) { r.invoice, r.quantity = "C560001", -6 }), true},
		"no price":           {change(func(r *row) { r.pence = 0 }), false},
		"stock adjustment":   {change(func(r *row) { r.description = "damaged" }), false},
		"negative, not C":    {change(func(r *row) { r.quantity = -6 }), false},
		"postage":            {change(func(r *row) { r.code, r.description = "POST", "POSTAGE" }), false},
		"gift voucher":       {change(func(r *row) { r.code = "GIFT_0001_20" }), false},
		"carriage by number": {change(func(r *row) { r.description = "Next Day Carriage" }), false},
		"bad debt":           {change(func(r *row) { r.invoice = "A563185" }), false},
	} {
		if got := isSale(c.row); got != c.want {
			t.Errorf("%s: isSale = %v, want %v", name, got, c.want)
		}
	}
	late := change(func(r *row) { r.at = periodEnd.Add(-time.Second) })
	if got := len(sales([]row{sale, late, change(func(r *row) { r.at = periodEnd })})); got != 2 {
		t.Errorf("sales keeps %d rows, want the 2 of the period", got)
	}
}
