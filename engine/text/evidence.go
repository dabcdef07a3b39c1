package text

import "maps"

// tongues are some of listed, one bit each.
type tongues uint16

// commonIn are the commonest words by the languages they are of. That texts are English shows in
// more words than those without meaning.
var commonIn = func() map[string]tongues {
	out := maps.Clone(stopsIn)
	for word := range set("not off out new back arrived broken working") {
		out[word] |= bitOf("en")
	}
	return out
}()

func bitOf(language string) tongues {
	for i, l := range listed {
		if l == language {
			return 1 << i
		}
	}
	return 0
}

// surely is by how many of its commonest words a text is in a language rather than in another.
const surely = 2

// evidence is what a text shows of the language it is in: unlike what Guess says, nothing where
// it shows nothing.
type evidence struct {
	seems  string // "" for none
	script bool   // by its letters
	words  []readWord
	found  [16]int // of listed
}

func tell(s string, words []readWord) evidence {
	e := evidence{words: words}
	if !ascii(s) {
		switch script := byScript(s[:min(len(s), guessBytes)]); script {
		case latin:
		case "":
			return e
		default:
			e.seems, e.script = script, true
			return e
		}
	}
	best := 0
	for i := range words {
		for at, in := 0, words[i].languages; in != 0; at, in = at+1, in>>1 {
			e.found[at] += int(in & 1)
		}
	}
	for at := range listed {
		if e.found[at] > e.found[best] {
			best = at
		}
	}
	if e.found[best] > 0 {
		e.seems = listed[best]
	}
	return e
}

// rulesOut reports whether a text is surely not in a language: it is in another script, or has two
// of the commonest words of another that are none of its own, twice as many as the other way
// round, and one in eight of all.
func (e *evidence) rulesOut(language string) bool {
	if e.script {
		return language != e.seems
	}
	if e.seems == "" {
		return false
	}
	own, other := bitOf(e.seems), bitOf(language)
	more, less := 0, 0
	for i := range e.words {
		switch in := e.words[i].languages; {
		case in&own != 0 && in&other == 0:
			more++
		case in&own == 0 && in&other != 0:
			less++
		}
	}
	return more >= surely && more >= 2*less && 8*more >= len(e.words)
}

// another reports whether a word is rather one of the commonest of a language that has more of
// them in the text: "die Lampe" is no "died".
func (e *evidence) another(word tongues, language string) bool {
	if word == 0 || word&bitOf(language) != 0 {
		return false
	}
	own := 0
	for at, l := range listed {
		if l == language {
			own = e.found[at]
		}
	}
	for at := range listed {
		if word>>at&1 != 0 && e.found[at] > own {
			return true
		}
	}
	return false
}
