package text

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// mostHanded is how many letters inside of each other are opened: each is read again by itself,
// and one that is handed on further says nothing new above.
const mostHanded = 8

// Letter returns what somebody wrote in a message to a service desk: without tags, without what
// it quotes and forwards, and without signatures that are marked as such. Lines stay lines. Of a
// message that is nothing else all but the tags is left, and of one that only hands on another
// ("see below") what that says. It is for single messages: what follows
// the beginning of a forwarded one is taken for history. Letters are told in their plain form
// (NFKC), without what is not seen and only says where a line may break: newsletters are full of it,
// and it would hide words from those who look for them.
func Letter(s string) string { return letter(s, mostHanded) }

// letter opens at most so many letters inside of each other.
func letter(s string, deep int) string {
	if looksHTML(s) {
		written := readHTML(s, '\n', quoting)
		if all := readHTML(s, '\n', hidden); strings.TrimSpace(written) == "" || onlyPoints(seen(written), slices.ContainsFunc(strings.Split(all, "\n"), isHanded)) {
			written = all
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
	written := own(lines)
	if inner := handedOn(lines, written, deep); inner != "" {
		return inner
	}
	if written := joined(written); written != "" {
		return written
	}
	return joined(lines)
}

// handedOn returns the letter that a message hands on, where what is written above it says no
// more than that, and so many are still opened; "" for none. A short word of thanks above what it answers is an answer.
func handedOn(lines, written []string, deep int) string {
	if deep == 0 {
		return ""
	}
	above := joined(written)
	at := 0
	for at < len(lines) && !history(lines[at]) && !header(lines[at:]) && attributed(lines[at:]) == 0 && !strings.HasPrefix(lines[at], ">") {
		at++
	}
	if at == len(lines) || !onlyPoints(above, isHanded(lines[at])) {
		return ""
	}
	var rest []string
	quoted := !history(lines[at]) && !header(lines[at:])
	for head := true; at < len(lines); at++ {
		line := lines[at]
		switch n := attributed(lines[at:]); {
		case head && n > 0:
			at += n - 1
			continue
		case head && (line == "" || history(line)):
			continue
		case head && (headed.MatchString(line) || dated.MatchString(line)):
			if subject := topic.FindStringSubmatch(line); subject != nil {
				rest = append(rest, subject[1])
			}
			continue
		}
		head = false
		if quoted {
			line = strings.TrimSpace(strings.TrimPrefix(line, ">"))
		}
		rest = append(rest, line)
	}
	return letter(joined(rest), deep-1)
}

// isHanded reports whether a line stands above a letter that is handed on and not answered.
func isHanded(line string) bool {
	line = strings.TrimSpace(line)
	return history(line) && handing.MatchString(line)
}

// pointers say in the languages of courtesies that what matters stands elsewhere.
var pointers = set(`see below fyi forwarded forward forwarding attached following siehe unten weiterleitung weitergeleitet anbei folgende
folgendes voir dessous transmis transfert suivant ver abajo reenvío reenviado reenvio vea siguiente vedere vedi sotto inoltro inoltrato
seguente zie onder onderstaand doorgestuurd hieronder`)

// beside are what stands beside them, and says no more.
var beside = set(`fw fwd wg tr rv email mail e-mail message letter customer information info nachricht kenntnis message courriel ci mensaje
correo messaggio bericht zk zur`)

// onlyPoints reports whether a text says nothing but that another follows; one of courtesies
// alone does where what follows is marked as handed on.
func onlyPoints(s string, marked bool) bool {
	points := marked
	for _, w := range wordsIn(s) {
		switch {
		case pointers[w.word]:
			points = true
		case beside[w.word]:
		default:
			empty := false
			for language, p := range courtesies {
				g := gist{p, byLanguage[language].stop}
				empty = empty || g.empty(w.word)
			}
			if !empty {
				return false
			}
		}
	}
	return points && strings.TrimSpace(s) != ""
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
	forwarded = regexp.MustCompile(`(?i)^(?:-{2,}|_{2,}|begin )\s*(?:original message|forwarded message|original-nachricht|ursprüngliche nachricht|weitergeleitete nachricht|message d'origine|message transféré|mensaje original|mensaje reenviado|messaggio originale|messaggio inoltrato|oorspronkelijk bericht|doorgestuurd bericht)`)
	// handing is those of them that are no sign of an answer.
	handing = regexp.MustCompile(`(?i)forward|weitergeleitete|transféré|reenviado|inoltrato|doorgestuurd`)
	// topic is the line of a letter's head that says what it is about.
	topic = regexp.MustCompile(`(?i)^\*?(?:subject|betreff|objet|asunto|oggetto|onderwerp)\s?:\*?\s*(?:(?:re|aw|fwd?|wg|tr)\s?:\s*)*(.*)$`)
	// wrote ends the line above a quoted letter: "On Monday Ann wrote:".
	wrote = regexp.MustCompile(`(?i)^(?:on|am|le|el|il|op)\s.{4,200}\s(?:wrote|schrieb.{0,80}|a écrit|escribió|ha scritto|schreef.{0,80})\s?:$`)
	// headed are the first lines of a letter that a mail program hands on.
	headed = regexp.MustCompile(`(?i)^\*?(?:from|von|de|da|van)\s?:\*?\s\S`)
	dated  = regexp.MustCompile(`(?i)^\*?(?:sent|date|to|subject|gesendet|datum|an|betreff|envoyé|à|objet|enviado|para|asunto|inviato|oggetto|verzonden|aan|onderwerp|cc|a|data|fecha)\s?:\*?\s?`)
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
