package filter

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rapportengine/rapport/engine"
)

// kind tells tokens apart.
type kind uint8

const (
	end      kind = iota
	symbol        // text is the operator or bracket
	word          // text is the name; keywords too
	quoted        // a name in backquotes: never a keyword
	text          // a string literal, unescaped in text
	number        // num
	duration      // span
)

type token struct {
	kind kind
	text string
	num  float64
	span time.Duration
	at   int // byte offset
}

// is reports whether the token is one of these symbols or keywords.
func (t token) is(these ...string) bool {
	return (t.kind == symbol || t.kind == word) && slices.Contains(these, t.text)
}

// String shows the token in a message.
func (t token) String() string {
	switch t.kind {
	case end:
		return "the end"
	case text:
		return strconv.Quote(t.text)
	case number:
		return strconv.FormatFloat(t.num, 'g', -1, 64)
	case duration:
		return spanText(t.span)
	}
	return t.text
}

// refuse makes the error of this package.
func refuse(at int, want string, args ...any) *engine.Invalid {
	e := engine.Invalidf(engine.CodeInvalidFilter, "filter", want, args...)
	e.Offset = at
	return e
}

// lexer reads one token after the other.
type lexer struct {
	src string
	at  int
}

// symbols, longest first.
var symbols = []string{"&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "[", "]", ",", ".", "-", "+"}

// next returns the next token.
func (l *lexer) next() (token, error) {
	l.at += len(l.src[l.at:]) - len(strings.TrimLeft(l.src[l.at:], " \t\r\n"))
	if l.at == len(l.src) {
		return token{kind: end, at: l.at}, nil
	}
	switch c := l.src[l.at]; {
	case c == '"' || c == '\'':
		return l.text(c)
	case c == '`':
		return l.quoted()
	case c >= '0' && c <= '9':
		return l.number()
	}
	if n := wordLen(l.src[l.at:]); n > 0 {
		t := token{kind: word, text: l.src[l.at : l.at+n], at: l.at}
		l.at += n
		return t, nil
	}
	for _, s := range symbols {
		if strings.HasPrefix(l.src[l.at:], s) {
			t := token{kind: symbol, text: s, at: l.at}
			l.at += len(s)
			return t, nil
		}
	}
	return token{}, l.stray()
}

// stray says what to write instead of a character that means nothing here.
func (l *lexer) stray() error {
	r, _ := utf8.DecodeRuneInString(l.src[l.at:])
	hints := map[rune]string{'=': "compare with ==", '&': "join with &&", '|': "join with ||", '“': `write strings in "straight quotes"`, '”': `write strings in "straight quotes"`}
	if hint, ok := hints[r]; ok {
		return refuse(l.at, "%q means nothing here: %s", r, hint)
	}
	return refuse(l.at, "%q means nothing here: an expression looks like price < 80 && brand != \"acme\"", r)
}

// wordLen returns the length of the name at the beginning of s: letters, digits and _,
// not beginning with a digit.
func wordLen(s string) int {
	for i, r := range s {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) || r == utf8.RuneError {
			return i
		}
	}
	return len(s)
}

// quoted reads a name in backquotes; a backquote in it is written twice.
func (l *lexer) quoted() (token, error) {
	start := l.at
	var name strings.Builder
	for i := start + 1; i < len(l.src); i++ {
		if l.src[i] != '`' {
			name.WriteByte(l.src[i])
			continue
		}
		if i+1 < len(l.src) && l.src[i+1] == '`' {
			name.WriteByte('`')
			i++
			continue
		}
		if name.Len() == 0 {
			return token{}, refuse(start, "a name is needed between the backquotes")
		}
		l.at = i + 1
		return token{kind: quoted, text: name.String(), at: start}, nil
	}
	return token{}, refuse(start, "the name that begins here needs a closing backquote")
}

// text reads a string literal.
func (l *lexer) text(quote byte) (token, error) {
	start := l.at
	var out strings.Builder
	for i := start + 1; i < len(l.src); i++ {
		switch c := l.src[i]; c {
		case quote:
			l.at = i + 1
			return token{kind: text, text: out.String(), at: start}, nil
		case '\\':
			n, err := unescape(&out, l.src, i)
			if err != nil {
				return token{}, err
			}
			i += n
		default:
			out.WriteByte(c)
		}
	}
	return token{}, refuse(start, "the string that begins here needs a closing %c", quote)
}

// unescape writes what the backslash at src[at] stands for and returns how many bytes
// follow it.
func unescape(out *strings.Builder, src string, at int) (int, error) {
	rest := src[at+1:]
	if rest == "" {
		return 0, refuse(at, "a backslash stands before one of \" ' \\ n r t u")
	}
	switch c := rest[0]; c {
	case '"', '\'', '\\':
		out.WriteByte(c)
	case 'n':
		out.WriteByte('\n')
	case 'r':
		out.WriteByte('\r')
	case 't':
		out.WriteByte('\t')
	case 'u':
		if len(rest) < 5 {
			return 0, refuse(at, `\u needs four hexadecimal digits`)
		}
		r, err := strconv.ParseUint(rest[1:5], 16, 16)
		if err != nil {
			return 0, refuse(at, `\u needs four hexadecimal digits`)
		}
		if !utf8.ValidRune(rune(r)) {
			return 0, refuse(at, `\u%s is half a character: write the character itself`, rest[1:5])
		}
		out.WriteRune(rune(r))
		return 5, nil
	default:
		return 0, refuse(at, "a backslash stands before one of \" ' \\ n r t u")
	}
	return 1, nil
}

// number reads a number or a duration.
func (l *lexer) number() (token, error) {
	start, s := l.at, l.src
	i := digits(s, start)
	whole := i
	if i+1 < len(s) && s[i] == '.' && digits(s, i+1) > i+1 {
		i = digits(s, i+1)
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		j := i + 1
		if j < len(s) && (s[j] == '+' || s[j] == '-') {
			j++
		}
		if k := digits(s, j); k > j {
			i = k
		}
	}
	unit := wordLen(s[i:])
	l.at = i + unit
	if unit > 0 {
		return l.duration(start, whole, i)
	}
	x, err := strconv.ParseFloat(s[start:i], 64)
	if err != nil {
		return token{}, refuse(start, "%s is too large for a number", shorten(s[start:i]))
	}
	return token{kind: number, num: x, at: start}, nil
}

func digits(s string, i int) int {
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return i
}

// units of durations, longest first.
var units = []struct {
	name string
	span time.Duration
}{{"w", 7 * 24 * time.Hour}, {"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}}

// maxSpan keeps now - duration within what a date can say.
const maxSpan = 36_500 * 24 * time.Hour

// duration makes a token of digits src[start:whole] and the unit src[at:l.at].
func (l *lexer) duration(start, whole, at int) (token, error) {
	for _, u := range units {
		if whole != at || l.src[at:l.at] != u.name {
			continue
		}
		n, err := strconv.ParseInt(l.src[start:whole], 10, 64)
		if err != nil || n > int64(maxSpan/u.span) {
			return token{}, refuse(start, "a duration is at most %s", spanText(maxSpan))
		}
		return token{kind: duration, span: time.Duration(n) * u.span, at: start}, nil
	}
	return token{}, refuse(start, "%s is neither a number nor a duration such as 90d, 2w, 12h, 30m or 45s", shorten(l.src[start:l.at]))
}

// spanText writes a duration as the language reads it.
func spanText(d time.Duration) string {
	for _, u := range units {
		if d%u.span == 0 && (d > 0 || u.span == time.Second) {
			return strconv.FormatInt(int64(d/u.span), 10) + u.name
		}
	}
	return "0s"
}

// shorten keeps a message readable whatever was sent.
func shorten(s string) string {
	const most = 40
	if len(s) <= most {
		return s
	}
	cut := most
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
