package text

import (
	"regexp"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// The values of an item's text_format. Anything else is taken as plain.
const (
	FormatPlain    = "plain"
	FormatHTML     = "html"
	FormatMarkdown = "markdown"
)

// Plain returns what a reader sees of s: no tags, no scripts, no addresses behind
// links, white space as single spaces. format is an item's text_format. Broken markup
// is read as far as it can be.
func Plain(s, format string) string {
	switch format {
	case FormatHTML:
		s = plainHTML(s)
	case FormatMarkdown:
		s = plainMarkdown(s)
	}
	return strings.Join(strings.Fields(s), " ")
}

// plainHTML returns the text between the tags. Only tags that do not break a line
// ("<b>un</b>do") leave a word whole.
func plainHTML(s string) string { return readHTML(s, ' ', hidden) }

// readHTML returns the text between the tags, with a sign where a line ends, and nothing of what
// stands in elements that are passed over. Where that sign ends a line, no other does.
func readHTML(s string, end byte, over func(atom.Atom) bool) string {
	var out strings.Builder
	out.Grow(len(s))
	tokens := html.NewTokenizer(strings.NewReader(s))
	unread := 0 // depth of elements that no reader sees
	for {
		kind := tokens.Next()
		switch kind {
		case html.ErrorToken: // the end: a string has no other error
			return out.String()
		case html.TextToken:
			if unread > 0 {
				continue
			}
			said := tokens.Text()
			if end == '\n' {
				for i, c := range said {
					if c == '\n' || c == '\r' {
						said[i] = ' '
					}
				}
			}
			out.Write(said)
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			name, _ := tokens.TagName()
			tag := atom.Lookup(name)
			switch {
			case over(tag) && kind == html.StartTagToken:
				unread++
			case over(tag) && kind == html.EndTagToken:
				unread = max(unread-1, 0)
			}
			if !inline(tag) {
				out.WriteByte(end)
			}
		}
	}
}

// hidden reports whether what stands inside the element is not text for readers.
func hidden(tag atom.Atom) bool {
	switch tag {
	case atom.Script, atom.Style, atom.Template, atom.Noscript, atom.Iframe, atom.Svg:
		return true
	}
	return false
}

// quoting reports whether what stands inside the element is not what the sender wrote.
func quoting(tag atom.Atom) bool { return hidden(tag) || tag == atom.Blockquote }

// inline reports whether the element may stand in the middle of a word.
func inline(tag atom.Atom) bool {
	switch tag {
	case atom.A, atom.Abbr, atom.B, atom.Bdi, atom.Bdo, atom.Cite, atom.Code, atom.Del, atom.Dfn, atom.Em, atom.Font,
		atom.I, atom.Ins, atom.Kbd, atom.Mark, atom.Q, atom.S, atom.Samp, atom.Small, atom.Span, atom.Strong, atom.Sub,
		atom.Sup, atom.Tt, atom.U, atom.Var, atom.Wbr:
		return true
	}
	return false
}

// What Markdown says with signs. Signs the analyser passes over anyway (#, >, |, *)
// stay where they would need a parser to be told from text.
var (
	markdownLink      = regexp.MustCompile(`!?\[([^\[\]]*)\](?:\([^()\s]*(?:\s+"[^"]*")?\)|\[[^\[\]]*\])`)
	markdownReference = regexp.MustCompile(`(?m)^ {0,3}\[[^\[\]]+\]:\s*\S+.*$`)
	markdownAddress   = regexp.MustCompile(`<(?:https?|mailto):[^<>\s]*>`)
	markdownBlock     = regexp.MustCompile("(?m)^\\s*(?:#{1,6}\\s+|(?:>\\s?)+|[-*+]\\s+|```.*$|~~~.*$|[-=*_]{3,}\\s*$)")
	markdownEmphasis  = regexp.MustCompile("\\*{1,3}|~~|`+|\\b_{1,3}\\B|\\B_{1,3}\\b")
)

// plainMarkdown takes the signs off s and what HTML it holds.
func plainMarkdown(s string) string {
	s = markdownReference.ReplaceAllString(s, " ")
	s = markdownAddress.ReplaceAllString(s, " ")
	for range 2 { // an image may be the text of a link
		s = markdownLink.ReplaceAllString(s, "$1")
	}
	s = markdownBlock.ReplaceAllString(s, "")
	s = markdownEmphasis.ReplaceAllString(s, "")
	return plainHTML(s)
}
