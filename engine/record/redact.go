package record

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What Redact leaves in place of what it takes out.
const (
	cardMark  = "[card]"
	mailMark  = "[mail]"
	phoneMark = "[phone]"
)

var mail = regexp.MustCompile(`[\p{L}\p{N}._%+'-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+`)

// Redact returns text with payment card numbers, mail addresses and phone numbers
// replaced by [card], [mail] and [phone].
//
// A card number is 13 to 19 digits, in groups or not, with a right check digit (Luhn). A
// phone number begins with + or 00 and a country, or with 0 and an area of two digits or
// more, or is grouped as in North America (555-123-4567). All else stays, notably order
// numbers, stock codes, dates and prices. It is a sieve against storing what nobody
// meant to store, not a proof that nothing is left.
func Redact(text string) string {
	if strings.IndexByte(text, '@') >= 0 {
		text = mail.ReplaceAllLiteralString(text, mailMark)
	}
	runs := digitRuns(text)
	if len(runs) == 0 {
		return text
	}
	var out strings.Builder
	kept := 0
	for i := 0; i < len(runs); {
		from, mark := runs[i].from, cardMark
		n := card(text, runs[i:])
		if n == 0 {
			mark = phoneMark
			from, n = phone(text, runs[i:], kept)
		}
		if n == 0 {
			i++
			continue
		}
		out.WriteString(text[kept:from])
		out.WriteString(mark)
		kept = runs[i+n-1].to
		i += n
	}
	if kept == 0 {
		return text
	}
	out.WriteString(text[kept:])
	return out.String()
}

// run is a run of digits.
type run struct{ from, to int }

func (r run) len() int { return r.to - r.from }

func digitRuns(s string) []run {
	var runs []run
	for i := 0; i < len(s); {
		end := i
		for end < len(s) && s[end] >= '0' && s[end] <= '9' {
			end++
		}
		if end > i {
			runs = append(runs, run{i, end})
			i = end
		}
		i++
	}
	return runs
}

// card returns how many of the runs, from the first on, are a card number: the most.
func card(s string, runs []run) (n int) {
	count, sums := 0, [2]int{} // the check sums with this digit doubled and not
	for i, r := range runs {
		if i > 0 && s[runs[i-1].to:r.from] != " " && s[runs[i-1].to:r.from] != "-" {
			break
		}
		if count += r.len(); count > 19 {
			break
		}
		for _, c := range []byte(s[r.from:r.to]) {
			// Each digit moves those before it by one place, so the two sums swap.
			d := int(c - '0')
			sums = [2]int{sums[1] + d, sums[0] + luhn(d)}
		}
		if count >= 13 && sums[0]%10 == 0 {
			n = i + 1
		}
	}
	return n
}

// luhn is what a doubled digit adds: the sum of the digits of its double.
func luhn(d int) int {
	if d > 4 {
		return 2*d - 9
	}
	return 2 * d
}

// phone returns how many of the runs are a phone number, and where it begins with the
// sign or bracket before it. It looks back no further than kept.
func phone(s string, runs []run, kept int) (from, n int) {
	from = runs[0].from
	plus := from > kept && s[from-1] == '+'
	if plus {
		from--
	}
	bracket := from > kept && s[from-1] == '('
	if bracket {
		from--
	}
	if !plus && (letterBefore(s, from) || isDate(s, runs)) {
		return 0, 0
	}
	if northAmerican(s, runs) {
		return from, 3
	}
	digits := s[runs[0].from:runs[0].to]
	low, high := 9, 12
	switch {
	case plus && digits[0] != '0':
		low, high = 8, 15
	case strings.HasPrefix(digits, "00") && (len(digits) == 2 || digits[2] != '0'):
		low, high = 10, 15
	case digits[0] != '0' || len(digits) < 2 || digits[1] == '0':
		return 0, 0
	}
	count := 0
	for i, r := range runs {
		if i > 0 && !phoneGap(s[runs[i-1].to:r.from]) {
			break
		}
		if count += r.len(); count > high {
			break
		}
		if count >= low && !letterAfter(s, r.to) {
			n = i + 1
		}
	}
	return from, n
}

// northAmerican reports whether the runs begin with 3, 3 and 4 digits, apart.
func northAmerican(s string, runs []run) bool {
	return len(runs) >= 3 && runs[0].len() == 3 && runs[1].len() == 3 && runs[2].len() == 4 &&
		s[runs[0].from] >= '2' && phoneGap(s[runs[0].to:runs[1].from]) && phoneGap(s[runs[1].to:runs[2].from]) &&
		!letterAfter(s, runs[2].to)
}

// phoneGap reports whether gap may stand between the digits of a phone number.
func phoneGap(gap string) bool {
	return len(gap) <= 3 && strings.Trim(gap, " -./()") == ""
}

// isDate reports whether the runs begin with a date such as 01.05.2024 or 01/05/24.
func isDate(s string, runs []run) bool {
	if len(runs) < 3 || runs[0].len() != 2 || runs[1].len() != 2 {
		return false
	}
	gap := s[runs[0].to:runs[1].from]
	if gap != "." && gap != "/" && gap != "-" || s[runs[1].to:runs[2].from] != gap {
		return false
	}
	if runs[2].len() == 4 {
		return true
	}
	return runs[2].len() == 2 && (len(runs) == 3 || s[runs[2].to:runs[3].from] != gap)
}

func letterBefore(s string, i int) bool {
	r, _ := utf8.DecodeLastRuneInString(s[:i])
	return unicode.IsLetter(r)
}

func letterAfter(s string, i int) bool {
	r, _ := utf8.DecodeRuneInString(s[i:])
	return unicode.IsLetter(r)
}
