package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// givenNames are English first names that are words, too. In a list of phrases the word is
// meant: "sue" is a threat, and Sue is a customer.
var givenNames = set("sue rob bill mark will grant chase frank jack drew pat dean guy rich ray faith hope grace joy dawn carol rose")

var (
	// What follows a verb: it is no name there.
	objects = set("you u ya your yours yourself them they him her it us me this that these those the a an my our his their for over on if unless")
	// What stands before a verb.
	auxiliaries = set("will ll shall would could can may might must should gonna wanna cannot cant wont dont not")
	// Of "to Sue" these make a verb: "going to sue", not "spoke to Sue".
	intents = set("going have has had want wants need needs like plan planning ready forced willing prepared able about try trying how")
	// What introduces or greets somebody, and what somebody does.
	introductions = set("regards cheers dear hi hello hey sincerely ms mrs miss mr aunt thanks love greetings from")
	doings        = set("is was has had will here speaking from and said told called wrote says at")
)

// spelled is a word of a text as it stands there.
type spelled struct {
	from, to int
	plain    string // in small letters, without apostrophes and what follows the last of them
	capital  bool   // the first letter is large and the others are small
	starts   bool   // a sentence or a line
	apart    bool   // a comma stands before it
	owns     bool   // it ends in an apostrophe and an s
}

func spell(s string) (out []spelled) {
	starts, apart := true, false
	for at := 0; at < len(s); {
		r, size := utf8.DecodeRuneInString(s[at:])
		if !inWord(r) {
			starts, apart = starts || strings.ContainsRune(".!?:;\n", r), apart || r == ','
			at += size
			continue
		}
		end := at
		for end < len(s) {
			r, size := utf8.DecodeRuneInString(s[end:])
			if !inWord(r) && !apostrophe(r) {
				break
			}
			end += size
		}
		word := s[at:end]
		cut := strings.IndexFunc(word, apostrophe)
		owns := cut > 0 && strings.EqualFold(strings.Map(dropApostrophe, word[cut:]), "s")
		if owns {
			word = word[:cut]
		}
		lower := strings.ToLower(word)
		first, size := utf8.DecodeRuneInString(word)
		out = append(out, spelled{
			from: at, to: end, plain: strings.Map(dropApostrophe, lower), starts: starts, apart: apart, owns: owns,
			capital: unicode.IsUpper(first) && strings.ToLower(word[size:]) == word[size:],
		})
		at, starts, apart = end, false, false
	}
	return out
}

func dropApostrophe(r rune) rune {
	if apostrophe(r) {
		return -1
	}
	return r
}

// withoutNames returns an English text without those of some words that are names in it.
func withoutNames(s string, words map[string]bool) string {
	var out strings.Builder
	from := 0
	all := spell(s)
	for i, w := range all {
		if words[w.plain] && isName(all, i) {
			out.WriteString(s[from:w.from])
			from = w.to
		}
	}
	out.WriteString(s[from:])
	return out.String()
}

// isName reports whether a word that is a name or a verb is a name: by its capital where it
// starts no sentence, by who is introduced, and not where it has an object.
func isName(all []spelled, i int) bool {
	w := all[i]
	word := func(at int) (out spelled) { // of the same sentence
		lo, hi := min(i, at), max(i, at)
		if at < 0 || at >= len(all) {
			return out
		}
		for k := lo + 1; k <= hi; k++ {
			if all[k].starts {
				return out
			}
		}
		return all[at]
	}
	before, next := word(i-1), word(i+1)
	if next.apart {
		next = spelled{}
	}
	switch {
	case w.owns:
		return true
	case objects[next.plain], auxiliaries[before.plain], before.plain == "to" && intents[word(i-2).plain]:
		return false
	case introductions[before.plain], (before.plain == "am" || before.plain == "im") && next.plain == "":
		return true
	case (before.plain == "is" || before.plain == "am") && (word(i-2).plain == "name" || word(i-2).plain == "this" || word(i-2).plain == "i"), before.plain == "im":
		return true
	case !w.capital:
		return false
	case !w.starts:
		return true
	}
	return next.plain == "" || next.capital || doings[next.plain]
}
