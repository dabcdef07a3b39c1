package record

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestRedact(t *testing.T) {
	cases := []struct{ in, want string }{
		{"my card 4111 1111 1111 1111 was charged twice", "my card [card] was charged twice"},
		{"4111-1111-1111-1111, exp 12/26", "[card], exp 12/26"},
		{"378282246310005", "[card]"},
		{"4111 1111 1111 1111 12/26", "[card] 12/26"},
		{"4111 1111 1111 1112", "4111 1111 1111 1112"}, // wrong check digit
		{"write to Ann.B+x@mail.example.co.uk.", "write to [mail]."},
		{"jürgen@müller.example", "[mail]"},
		{"a@b or @home", "a@b or @home"},
		{"call +49 30 1234567 or (030) 123 45-67!", "call [phone] or [phone]!"},
		{"+49 (0)171 1234567", "[phone]"},
		{"0044 20 7946 0958", "[phone]"},
		{"07700 900123", "[phone]"},
		{"02.12.34.56.78", "[phone]"},
		{"(555) 123-4567 / 555-123-4567", "[phone] / [phone]"},
		{"+1 (555) 123-4567", "[phone]"},
		{"call 0171 1234567, order 536365", "call [phone], order 536365"},
		{"order 536365, item 85123A, invoice C536379", "order 536365, item 85123A, invoice C536379"},
		{"on 2024-05-01 12:30:00 or 01.05.2024 12:30", "on 2024-05-01 12:30:00 or 01.05.2024 12:30"},
		{"from 01/05/24 1234 on", "from 01/05/24 1234 on"},
		{"0.95 0.85 12.50, 1,299.00 EUR", "0.95 0.85 12.50, 1,299.00 EUR"},
		{"192.168.0.1 and 10.0.0.1", "192.168.0.1 and 10.0.0.1"},
		{"part X0123456789 and 0123456789X", "part X0123456789 and 0123456789X"},
		{"parcel 000123456", "parcel 000123456"},
		{"id 1234567890", "id 1234567890"},
		{"", ""},
		{"nothing here", "nothing here"},
	}
	for _, c := range cases {
		if got := Redact(c.in); got != c.want {
			t.Errorf("Redact(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

// plainLuhn is the check as it is usually told: from the right, every second digit
// doubled.
func plainLuhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			d = luhn(d)
		}
		sum += d
	}
	return sum%10 == 0
}

func FuzzRedact(f *testing.F) {
	for _, s := range []string{"4111 1111 1111 1111", "a@b.c", "+49 30 1234567", "0171-1234567", "12.12.12.12", "(((030", "555 123 4567"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Redact(s)
		if utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Errorf("Redact(%q) = %q broke the text", s, got)
		}
		if !strings.ContainsAny(s, "@0123456789") && got != s {
			t.Errorf("Redact(%q) = %q changed a text without digits", s, got)
		}
		for _, r := range digitRuns(got) {
			if digits := got[r.from:r.to]; len(digits) >= 13 && len(digits) <= 19 && plainLuhn(digits) {
				t.Errorf("Redact(%q) = %q left a card number", s, got)
			}
		}
	})
}
