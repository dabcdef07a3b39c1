package record

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/rapportengine/rapport/engine"
)

// kind is what a value is.
type kind uint8

const (
	null kind = iota
	boolean
	number
	text
	list
	object
	cell // of a table, or a parameter: text that may stand for anything
)

// env is what values need to know of their reading.
type env struct {
	zone   *time.Location
	clock  string // a layout of package time beside RFC 3339, "" for none
	latin1 bool   // cells that are no UTF-8 are ISO 8859-1
	sep    string // between the parts of a cell that is a list
	own    bool   // texts are copied: they outlive the record, which may be far larger
	redact bool
	// returns has quantities below 0 taken: lines of orders that go back.
	returns bool
}

// value is one value of a record, not yet decoded. Its JSON has passed scanner, so
// walking it cannot fail.
//
// Decoding into a Go value takes null as "nothing": it sets the zero value, which in a
// whole record changes nothing and in a patch clears the field.
type value struct {
	kind  kind
	as    kind     // of a cell whose column has a type: number, boolean or text
	raw   string   // the JSON of it; the text of a cell
	parts []member // of a list or an object without JSON
	env   *env
}

// valueOf returns the value whose JSON is raw.
func valueOf(raw string, e *env) value {
	v := value{raw: raw, env: e}
	switch raw[0] {
	case '"':
		v.kind = text
	case '{':
		v.kind = object
	case '[':
		v.kind = list
	case 't', 'f':
		v.kind = boolean
	case 'n':
		v.kind = null
	default:
		v.kind = number
	}
	return v
}

// wrong refuses the value's type.
func (v value) wrong(want string) problem {
	return engine.Invalidf(engine.CodeInvalidField, "", "%s is wanted, got %s", want, v.describe())
}

// refuse refuses what the value says.
func refuse(format string, args ...any) problem {
	return engine.Invalidf(engine.CodeInvalidField, "", format, args...)
}

// tooMuch refuses what is beyond a limit.
func tooMuch(format string, args ...any) problem {
	return engine.Invalidf(engine.CodeLimitExceeded, "", format, args...)
}

func (v value) describe() string {
	switch v.kind {
	case null:
		return "null"
	case boolean, number:
		return fmt.Sprintf("the %s %s", map[kind]string{boolean: "truth value", number: "number"}[v.kind], shorten(v.raw))
	case text:
		s, p := unquote(v.raw)
		if p != nil {
			s = v.raw
		}
		return fmt.Sprintf("the text %q", shorten(s))
	case cell:
		return fmt.Sprintf("the text %q", shorten(v.raw))
	case list:
		return "a list"
	}
	return "an object"
}

// at puts a name before the field of a problem: "items" before "[2].price".
func at(name string, p problem) problem {
	switch {
	case p == nil:
		return nil
	case p.Field == "":
		p.Field = name
	case p.Field[0] == '[':
		p.Field = name + p.Field
	default:
		p.Field = name + "." + p.Field
	}
	return p
}

// str decodes a text of at most limit bytes.
func (v value) str(limit int) (string, problem) {
	var s string
	switch v.kind {
	case null:
		return "", nil
	case text:
		var p problem
		if s, p = unquote(v.raw); p != nil {
			return "", p
		}
	case cell:
		if s = v.raw; !utf8.ValidString(s) {
			if !v.env.latin1 {
				return "", notUTF8()
			}
			s = fromLatin1(s)
		}
	default:
		p := v.wrong("a text")
		if v.kind == number {
			p.Want += fmt.Sprintf("; write it as %q", shorten(v.raw))
		}
		return "", p
	}
	if len(s) > limit {
		return "", tooMuch("at most %d bytes are taken, got %d", limit, len(s))
	}
	return v.kept(s), nil
}

func notUTF8() problem {
	return refuse("the text is not valid UTF-8; is the file written in another encoding, such as ISO 8859-1 or Windows-1252? Convert it first (iconv -t UTF-8)")
}

// fromLatin1 returns text whose bytes are its code points.
func fromLatin1(s string) string {
	out := make([]rune, len(s))
	for i := range len(s) {
		out[i] = rune(s[i])
	}
	return string(out)
}

// unquote returns the text that a JSON string stands for.
func unquote(raw string) (string, problem) {
	s := raw[1 : len(raw)-1]
	if !utf8.ValidString(s) {
		return "", notUTF8()
	}
	if strings.IndexByte(s, '\\') < 0 {
		return s, nil
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			out = append(out, s[i])
			continue
		}
		i++
		if s[i] != 'u' {
			out = append(out, unescaped(s[i]))
			continue
		}
		r := hex4(s[i+1:])
		i += 4
		if utf16.IsSurrogate(r) {
			if i+6 < len(s) && s[i+1] == '\\' && s[i+2] == 'u' {
				r = utf16.DecodeRune(r, hex4(s[i+3:]))
				i += 6
			} else {
				r = utf8.RuneError
			}
			if r == utf8.RuneError {
				return "", refuse("the text holds half a surrogate pair (\\ud800 to \\udfff)")
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return string(out), nil
}

func unescaped(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// hex4 reads the four hexadecimal digits at the start of s.
func hex4(s string) rune {
	n, _ := strconv.ParseUint(s[:4], 16, 32) // the scanner has seen four digits
	return rune(n)
}

// id decodes an id by engine.CheckID.
func (v value) id() (string, problem) {
	if v.kind == null {
		return "", nil
	}
	if s := v.raw; v.kind == cell && plainID(s) {
		return v.kept(s), nil
	} else if v.kind == text && plainID(s[1:len(s)-1]) {
		return v.kept(s[1 : len(s)-1]), nil
	}
	s, p := v.str(math.MaxInt)
	if p != nil {
		return "", p
	}
	return s, checkID(s)
}

// plainID reports whether s is an id beyond doubt, and written as it is: most are, and
// one pass is enough to see it.
func plainID(s string) bool {
	if len(s) < 3 || len(s) > engine.MaxIDBytes { // "." and ".." are for checkID
		return false
	}
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '\\' {
			return false
		}
	}
	return true
}

// kept returns s as it may be kept.
func (v value) kept(s string) string {
	if v.env.own {
		return strings.Clone(s)
	}
	return s
}

func checkID(s string) problem {
	if err := engine.CheckID("", s); err != nil {
		return err.(*engine.Invalid) //nolint:errorlint // it returns no other
	}
	return nil
}

// truth decodes true or false; cells may say 1 and 0.
func (v value) truth() (bool, problem) {
	switch {
	case v.kind == null:
		return false, nil
	case v.kind == boolean || v.kind == cell:
		switch strings.ToLower(v.raw) {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
		if v.kind == cell && (v.raw == "1" || v.raw == "0") {
			return v.raw == "1", nil
		}
	}
	return false, v.wrong("true or false")
}

// oneOf decodes a text that is one of known.
func (v value) oneOf(known ...string) (string, problem) {
	s, p := v.str(math.MaxInt)
	if p != nil || v.kind == null {
		return "", p
	}
	for _, k := range known {
		if s == k {
			return k, nil
		}
	}
	return "", refuse("one of %s is wanted, got %q", strings.Join(known, ", "), shorten(s))
}

// optional keeps what f decodes as a pointer, nil for null.
func optional[N any](v value, into **N, got N, p problem) problem {
	switch {
	case p != nil:
		return p
	case v.kind == null:
		*into = nil
	default:
		*into = &got
	}
	return nil
}
