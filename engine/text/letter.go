package text

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Letter returns what somebody wrote in a message to a service desk: without tags, without what
// it quotes and forwards, and without signatures that are marked as such. Lines stay lines. Of a
// message that is nothing else all but the tags is left. It is for single messages: what follows
// the beginning of a forwarded one is taken for history. Letters are told in their plain form
// (NFKC), without what is not seen and only says where a line may break: newsletters are full of it,
// and it would hide words from those who look for them.
func Letter(s string) string {
	if looksHTML(s) {
		written := readHTML(s, '\n', quoting)
		if strings.TrimSpace(written) == "" {
			written = readHTML(s, '\n', hidden)
		}
		s = written
	}
	s = seen(s)
	if !strings.ContainsAny(s, "\n\r>") {
		return strings.TrimSpace(s)
	}
	lines := strings.Split(strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	if written := joined(own(lines)); written != "" {
		return written
	}
	return joined(lines)
}

// seen returns a text without what cannot be seen in it, its letters in their plain form.
func seen(s string) string {
	at := 0
	for at < len(s) && s[at] < utf8.RuneSelf {
		at++
	}
	if at == len(s) {
		return s
	}
	return norm.NFKC.String(strings.Map(func(r rune) rune {
		if r != zeroWidthJoiner && unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, s))
}

// zeroWidthJoiner makes one picture of several, and letters of some scripts join.
const zeroWidthJoiner = '\u200d'

// joined puts lines together, those that are empty left out.
func joined(lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		if line == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(line)
	}
	return b.String()
}

// own are the lines that are neither quoted nor a signature.
func own(lines []string) (out []string) {
	for i, line := range lines {
		switch {
		case line == "--", line == "\u2014", history(line), header(lines[i:]):
			return out
		case attributed(lines[i:]) > 0:
			rest := lines[i+attributed(lines[i:]):]
			if !quotes(rest) {
				return out // what follows is all the letter that this one answers
			}
			return append(out, own(rest)...)
		case strings.HasPrefix(line, ">"), device.MatchString(line):
		default:
			out = append(out, line)
		}
	}
	return out
}

func quotes(lines []string) bool {
	for _, line := range lines {
		if strings.HasPrefix(line, ">") {
			return true
		}
	}
	return false
}

var (
	// device is what telephones sign with.
	device = regexp.MustCompile(`(?i)^(?:sent from (?:my |mail |yahoo |outlook )|get outlook for |von meinem \S+ gesendet|gesendet von (?:meinem|mail)|envoyé de(?:puis)? mon |enviado desde mi |inviato da(?:l mio| )|verzonden vanaf mijn )`)
	// forwarded stands above a letter that is handed on.
	forwarded = regexp.MustCompile(`(?i)^(?:-{2,}|_{2,}|begin )\s*(?:original message|forwarded message|original-nachricht|ursprüngliche nachricht|weitergeleitete nachricht|message d'origine|message transféré|mensaje original|mensaje reenviado)`)
	// wrote ends the line above a quoted letter: "On Monday Ann wrote:".
	wrote = regexp.MustCompile(`(?i)^(?:on|am|le|el|il|op)\s.{4,200}\s(?:wrote|schrieb.{0,80}|a écrit|escribió|ha scritto|schreef.{0,80})\s?:$`)
	// headed are the first lines of a letter that a mail program hands on.
	headed = regexp.MustCompile(`(?i)^\*?(?:from|von|de|da|van)\s?:\*?\s\S`)
	dated  = regexp.MustCompile(`(?i)^\*?(?:sent|date|to|subject|gesendet|datum|an|betreff|envoyé|à|objet|enviado|para|asunto|inviato|verzonden|aan|onderwerp)\s?:\*?\s?`)
)

// history reports whether all that follows is an older letter.
func history(line string) bool {
	return strings.HasPrefix(line, "##- ") || forwarded.MatchString(line)
}

// header reports whether lines begin with two of the lines above a letter handed on.
func header(lines []string) bool {
	return len(lines) > 1 && headed.MatchString(lines[0]) && dated.MatchString(lines[1])
}

// attributed returns how many lines say who wrote what follows, 0 for none: mail programs break
// a long one in two.
func attributed(lines []string) int {
	first := lines[0]
	if len(first) < 8 || !strings.ContainsFunc(first, unicode.IsSpace) {
		return 0
	}
	if wrote.MatchString(first) {
		return 1
	}
	if len(lines) > 1 && strings.HasSuffix(lines[1], ":") && wrote.MatchString(first+" "+lines[1]) {
		return 2
	}
	return 0
}

// tags are those that mail programs write.
var tags = regexp.MustCompile(`(?i)</?(?:html|head|body|div|p|br|span|table|tr|td|ul|ol|li|b|i|u|em|strong|a|font|blockquote|h[1-6]|hr|img|style)(?:\s[^<>]*)?/?>`)

// looksHTML reports whether a text has tags in it, and not only a sign of less than.
func looksHTML(s string) bool { return strings.Contains(s, "<") && tags.MatchString(s) }
