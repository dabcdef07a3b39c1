package record

import (
	"errors"
)

// errShort says that the bytes end inside a value: with more of them it may be right.
var errShort = errors.New("the JSON ends early")

// broken is a place where JSON stops being JSON.
type broken struct {
	at   int // byte
	want string
}

func (b *broken) Error() string { return b.want }

// scanner checks the syntax of JSON values before anything is decoded, so that all that
// comes after may rely on it. It keeps its own stack: nesting costs a byte a level,
// bounded by the size of a record, and never the goroutine's stack.
type scanner struct {
	stack []byte // '{' or '[' for each open one
	depth int    // deepest nesting of the last value
}

// What may come next.
type expect uint8

const (
	aValue expect = iota
	aValueOrEnd
	aKey
	aKeyOrEnd
	aColon
	aCommaOrEnd
)

var wanted = map[expect]string{
	aValue:      "a value is wanted",
	aValueOrEnd: "a value or ] is wanted",
	aKey:        "a quoted field name is wanted",
	aKeyOrEnd:   "a quoted field name or } is wanted",
	aColon:      "a colon is wanted after the field name",
	aCommaOrEnd: "a comma or the closing bracket is wanted",
}

// value returns the length of the JSON value at the start of b, without space before it.
// The error is errShort or a *broken. A number that reaches the end of b is complete
// only if last says that nothing follows.
func (s *scanner) value(b []byte, last bool) (int, error) {
	s.stack, s.depth = s.stack[:0], 0
	next := aValue
	for i := 0; ; {
		if len(s.stack) > 0 {
			i = space(b, i)
		}
		if i >= len(b) {
			return 0, errShort
		}
		c := b[i]
		switch {
		case next == aColon && c == ':':
			next = aValue
			i++
			continue
		case next == aCommaOrEnd && c == ',':
			next = aValue
			if s.stack[len(s.stack)-1] == '{' {
				next = aKey
			}
			i++
			continue
		case next == aCommaOrEnd && closes(s.stack[len(s.stack)-1], c),
			next == aValueOrEnd && c == ']', next == aKeyOrEnd && c == '}':
			s.stack = s.stack[:len(s.stack)-1]
			i++
		case (next == aKey || next == aKeyOrEnd) && c == '"':
			end, err := stringEnd(b, i)
			if err != nil {
				return 0, err
			}
			i, next = end, aColon
			continue
		case (next == aValue || next == aValueOrEnd) && (c == '{' || c == '['):
			s.stack = append(s.stack, c)
			s.depth = max(s.depth, len(s.stack))
			next = aKeyOrEnd
			if c == '[' {
				next = aValueOrEnd
			}
			i++
			continue
		case next == aValue || next == aValueOrEnd:
			end, err := scalarEnd(b, i, last)
			if err != nil {
				return 0, err
			}
			i = end
		default:
			return 0, &broken{i, wanted[next]}
		}
		if len(s.stack) == 0 {
			return i, nil
		}
		next = aCommaOrEnd
	}
}

func closes(open, c byte) bool { return open == '{' && c == '}' || open == '[' && c == ']' }

// space returns the first position from i on that is not white space.
func space[S string | []byte](b S, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// scalarEnd returns the end of the text, number or word that begins at i.
func scalarEnd(b []byte, i int, last bool) (int, error) {
	switch c := b[i]; {
	case c == '"':
		return stringEnd(b, i)
	case c == '-' || c >= '0' && c <= '9':
		return numberEnd(b, i, last)
	}
	for _, word := range [...]string{"true", "false", "null"} {
		rest := b[i:min(len(b), i+len(word))]
		if string(rest) == word {
			return i + len(word), nil
		}
		if string(rest) == word[:len(rest)] && !last {
			return 0, errShort
		}
	}
	return 0, &broken{i, "a value is wanted: a text in double quotes, a number, true, false, null, a list or an object"}
}

// stringEnd returns the position after the closing quote of the string at i. Raw
// control characters and unknown escapes are refused.
func stringEnd(b []byte, i int) (int, error) {
	for i++; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1, nil
		case c < ' ':
			return 0, &broken{i, "a text ends with a double quote within its line; control characters are written as \\n, \\t, \\u0000"}
		case c == '\\':
			if i++; i >= len(b) {
				return 0, errShort
			}
			switch b[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				for range 4 {
					if i++; i >= len(b) {
						return 0, errShort
					}
					if !isHex(b[i]) {
						return 0, &broken{i, "four hexadecimal digits are wanted after \\u"}
					}
				}
			default:
				return 0, &broken{i, "after a backslash one of \" \\ / b f n r t u is wanted"}
			}
		}
	}
	return 0, errShort
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// numberEnd returns the end of the number at i, by JSON's own grammar: no leading
// zeros, no plus, a digit on both sides of the point.
func numberEnd(b []byte, i int, last bool) (int, error) {
	start := i
	if b[i] == '-' {
		i++
	}
	whole := digits(b, i)
	if whole == i || b[i] == '0' && whole > i+1 {
		return numberStop(b, start, i, last)
	}
	i = whole
	if i < len(b) && b[i] == '.' {
		end := digits(b, i+1)
		if end == i+1 {
			return numberStop(b, start, end, last)
		}
		i = end
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		from := i + 1
		if from < len(b) && (b[from] == '+' || b[from] == '-') {
			from++
		}
		end := digits(b, from)
		if end == from {
			return numberStop(b, start, end, last)
		}
		i = end
	}
	if i == len(b) && !last {
		return 0, errShort
	}
	return i, nil
}

func numberStop(b []byte, start, at int, last bool) (int, error) {
	if at >= len(b) && !last {
		return 0, errShort
	}
	return 0, &broken{start, "a number is written like -12.5 or 1e3"}
}

func digits(b []byte, i int) int {
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	return i
}

// skipper passes over a JSON value that is too large to hold. It knows only strings and
// brackets, which is enough to find the end of a value that is refused anyway.
type skipper struct {
	depth           int
	quoted, escaped bool
}

// skip returns how much of b belongs to the value, and whether it ends there.
func (k *skipper) skip(b []byte) (n int, done bool) {
	for i, c := range b {
		switch {
		case k.escaped:
			k.escaped = false
		case k.quoted:
			k.escaped, k.quoted = c == '\\', c != '"'
		case c == '"':
			k.quoted = true
		case c == '{' || c == '[':
			k.depth++
		case c == '}' || c == ']':
			if k.depth == 0 { // the end of what holds it
				return i, true
			}
			if k.depth--; k.depth == 0 {
				return i + 1, true
			}
		case c == ',' && k.depth == 0:
			return i, true
		}
	}
	return len(b), false
}
