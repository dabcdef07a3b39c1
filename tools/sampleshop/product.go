package main

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// product is a line of items.ndjson. Everything in it is read off the
// descriptions and prices of the product's own sales.
type product struct {
	ID         string         `json:"item_id"`
	Kind       string         `json:"kind"`
	Title      string         `json:"title"`
	Categories []string       `json:"categories"`
	Attributes map[string]any `json:"attributes,omitempty"`
	Price      json.Number    `json:"price"`
	Currency   string         `json:"currency"`
}

// describe lists the products of the lines by id.
func describe(lines []line) []product {
	names := map[string]map[string]int{}
	prices := map[string]map[int64]int{}
	anonymous := map[string]map[int64]int{}
	for _, l := range lines {
		if l.quantity < 0 {
			continue
		}
		if names[l.code] == nil {
			names[l.code], prices[l.code], anonymous[l.code] = map[string]int{}, map[int64]int{}, map[int64]int{}
		}
		names[l.code][l.description]++
		if l.customer == "" {
			anonymous[l.code][l.pence]++
		} else {
			prices[l.code][l.pence]++
		}
	}
	var products []product
	for _, code := range keys(names) {
		raw := mostFrequent(names[code])
		words := plainWords(raw)
		// Sales without customer are mostly of another channel with prices of its own.
		price := prices[code]
		if len(price) == 0 {
			price = anonymous[code]
		}
		products = append(products, product{
			ID:         code,
			Kind:       "product",
			Title:      title(raw),
			Categories: categoriesOf(words),
			Attributes: attributesOf(words),
			Price:      json.Number(pounds(mostFrequent(price))),
			Currency:   "GBP",
		})
	}
	return products
}

// mostFrequent breaks ties by the smaller value, so that a rerun agrees.
func mostFrequent[K cmp.Ordered](count map[K]int) K {
	var best K
	most := 0
	for k, n := range count {
		if n > most || n == most && k < best {
			best, most = k, n
		}
	}
	return best
}

var (
	apart    = regexp.MustCompile(`[^A-Z0-9']+`)
	ofNumber = regexp.MustCompile(`\b(SET|PACK|BOX|BUNDLE) (?:OF )?([0-9]+)\b|\bS/([0-9]+)\b|\b(SET|PACK)/([0-9]+)\b|\bSET([0-9]+)\b|\bSET OF([0-9]+)\b`)
	comma    = regexp.MustCompile(`,\b`)
	pieces   = regexp.MustCompile(`\b([0-9]+) ?(?:PIECE|PIECES|PC)\b`)
)

// plainWords turns a description into upper-case words with single spaces around
// them, with the shop's spellings of one word made equal, for the tables to match.
func plainWords(raw string) string {
	s := strings.ToUpper(raw)
	s = ofNumber.ReplaceAllStringFunc(s, func(m string) string {
		set := "SET"
		for _, word := range []string{"PACK", "BOX", "BUNDLE"} {
			if strings.HasPrefix(m, word) {
				set = word
			}
		}
		return set + " OF " + digits(m)
	})
	s = " " + apart.ReplaceAllString(s, " ") + " "
	return spellings.Replace(s)
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}

// title writes a description as a shop window would: "SET/6 RED SPOTTY PAPER CUPS"
// becomes "Set of 6 Red Spotty Paper Cups".
func title(raw string) string {
	s := strings.TrimRight(strings.TrimSpace(raw), ".,")
	s = ofNumber.ReplaceAllStringFunc(strings.ToUpper(s), func(m string) string {
		if strings.Contains(m, "/") || strings.HasPrefix(m, "SET") && !strings.Contains(m, " ") || strings.HasPrefix(m, "SET OF") {
			word := "SET"
			if strings.HasPrefix(m, "PACK") {
				word = "PACK"
			}
			return word + " OF " + digits(m)
		}
		return m
	})
	s = comma.ReplaceAllString(titleSpelling.Replace(s), ", ")
	words := strings.Fields(s)
	for i, w := range words {
		words[i] = capitalise(w, i == 0)
	}
	return strings.Join(words, " ")
}

// capitalise writes one word, and each part of "T-LIGHT" or "TEA/COFFEE", with a capital.
func capitalise(word string, first bool) string {
	if fixed, ok := fixedCase[word]; ok {
		return fixed
	}
	lower := strings.ToLower(word)
	if small[lower] && !first {
		return lower
	}
	if word[0] >= '0' && word[0] <= '9' && !strings.ContainsAny(word, "-/") {
		return lower // 60cm, 50's
	}
	up := true
	return strings.Map(func(r rune) rune {
		was := up
		up = strings.ContainsRune(`-/+&("`, r)
		if was {
			return unicode.ToUpper(r)
		}
		return r
	}, lower)
}

// categoriesOf returns what the product is, and then the occasions it names.
func categoriesOf(words string) []string {
	var paths []string
	for _, rule := range kinds {
		if rule.matches(words) {
			paths = append(paths, rule.value)
			break
		}
	}
	for _, rule := range occasions {
		if rule.matches(words) && !slices.ContainsFunc(paths, func(p string) bool {
			return strings.HasPrefix(p, rule.value[:strings.IndexByte(rule.value, '/')+1])
		}) {
			paths = append(paths, rule.value)
		}
	}
	if paths == nil {
		return []string{unsorted}
	}
	return paths
}

func attributesOf(words string) map[string]any {
	found := map[string]any{}
	for name, table := range map[string][]rule{"colour": colours, "material": materials, "theme": themes} {
		switch all := matching(table, words); len(all) {
		case 0:
		case 1:
			found[name] = all[0]
		default:
			found[name] = all
		}
	}
	if n := setOf(words); n > 1 {
		found["set_of"] = n
	}
	return found
}

// setOf reads the number of pieces, 0 where the description gives none.
func setOf(words string) int {
	for word, n := range map[string]int{" SET OF TWO ": 2, " PAIR OF ": 2, " PACK OF SIX ": 6} {
		if strings.Contains(words, word) {
			return n
		}
	}
	for _, pattern := range []*regexp.Regexp{ofNumber, pieces} {
		if m := pattern.FindString(words); m != "" {
			n, _ := strconv.Atoi(digits(m))
			return n
		}
	}
	return 0
}

func matching(table []rule, words string) []string {
	var all []string
	for _, rule := range table {
		if rule.matches(words) && !slices.Contains(all, rule.value) {
			all = append(all, rule.value)
		}
	}
	return all
}
