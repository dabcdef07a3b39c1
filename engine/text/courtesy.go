package text

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// polite are words of courtesy by language. A clause of such words, and of others that say
// nothing, is said to anybody about anything.
type polite struct {
	// marks are what people greet, ask, thank and sign with: a clause is a courtesy only if it
	// has one of them.
	marks map[string]bool
	// fills stand beside marks and say something by themselves.
	fills map[string]bool
	// wishes begin what somebody wants: "I would like to".
	wishes map[string]bool
	// opens begin a greeting by name, and closes end a letter, before a name.
	opens, closes map[string]bool
	// nots turn what follows: what holds one is never left out in part.
	nots map[string]bool
}

// courtesies are our own lists, of what people write to a service desk.
var courtesies = map[string]polite{
	"en": {
		marks: set(`hello hi hiya hey dear greetings morning afternoon evening sir madam please pls plz kindly thank thanks thankyou thx
cheers help assist assistance appreciate appreciated grateful advance hope hoping wonder wondering regards sincerely faithfully
sorry excuse question tell look looking`),
		fills: set(`good day team support service customer everyone everybody folks best warm warmest wishes forward hearing hear reply
response answer soon bother bothering trouble inconvenience quick know advise advice lot lots greatly ask asking need nice
great time many patience understanding find finds truly possible able`),
		wishes: set("like want wish need"),
		opens:  set("hello hi hey dear"),
		closes: set("regards sincerely faithfully thanks thank cheers wishes"),
		nots:   set("not no never dont doesnt didnt isnt wasnt cant cannot couldnt wont wouldnt"),
	},
	"de": {
		marks: set(`hallo hi moin servus sehr geehrte geehrter damen herren liebe lieber guten grüße gruß grüßen freundlichen danke dank bitte
helfen hilfe dankbar hoffe voraus entschuldigung entschuldigen frage sagen`),
		fills:  set(`morgen abend tag team kundenservice support service schönen besten beste vielen herzlichen vorab mfg lg möglich rückmeldung antwort freue freuen bald wissen könnten können kurze`),
		wishes: set("möchte will würde gern gerne"),
		opens:  set("hallo hi liebe lieber sehr guten"),
		closes: set("grüße gruß grüßen danke dank mfg lg"),
		nots:   set("nicht kein keine keinen nie niemals nichts"),
	},
	"fr": {
		marks: set(`bonjour bonsoir salut cher chère madame monsieur merci svp stp plaît plait cordialement salutations remercie aider aide
espère avance excusez question dire`),
		fills:  set("équipe service client sincères distinguées beaucoup bien prie agréer réponse attente possible pourriez pouvez savoir journée bonne"),
		wishes: set("voudrais souhaite souhaiterais aimerais veux"),
		opens:  set("bonjour bonsoir salut cher chère"),
		closes: set("cordialement salutations merci"),
		nots:   set("ne pas jamais non aucun aucune"),
	},
	"es": {
		marks: set(`hola buenos buenas estimado estimada estimados señor señora gracias favor saludos cordialmente atentamente agradezco
agradecería ayudar ayudarme ayuda espero antemano disculpe perdón pregunta decirme`),
		fills:  set("días tardes noches equipo servicio cliente cordial muchas respuesta posible podrían podría pueden saber"),
		wishes: set("quiero quisiera gustaría deseo"),
		opens:  set("hola estimado estimada estimados"),
		closes: set("saludos cordialmente atentamente gracias"),
		nots:   set("no nunca nada ningún ninguna sin"),
	},
	"it": {
		marks: set(`buongiorno buonasera salve ciao gentile gentili egregio signore signora grazie favore cortesia cordiali saluti
ringrazio aiutare aiutarmi aiuto spero anticipo scusate domanda dirmi`),
		fills:  set("team servizio clienti distinti mille risposta attesa possibile potreste potete sapere giornata buona"),
		wishes: set("vorrei voglio desidero"),
		opens:  set("buongiorno buonasera salve ciao gentile gentili egregio"),
		closes: set("saluti grazie"),
		nots:   set("non mai nessun nessuna senza nulla"),
	},
	"nl": {
		marks: set(`hallo hoi beste geachte heer mevrouw goedemorgen goedemiddag goedenavond dag alstublieft alsjeblieft graag dank
bedankt dankjewel groet groeten vriendelijke helpen hulp hoop voorbaat sorry vraag zeggen`),
		fills:  set("team klantenservice service hartelijk hartelijke reactie antwoord mogelijk kunt kunnen weten fijne"),
		wishes: set("wil wilde zou graag"),
		opens:  set("hallo hoi beste geachte dag"),
		closes: set("groet groeten bedankt dank"),
		nots:   set("niet geen nooit niets zonder"),
	},
}

// Gist returns a text without its courtesies: greetings, thanks, signing off, and what people
// put before what they want ("could you please help me, I would like to"). language is the one
// its sender names; see Tongue. What is nothing but courtesy stays as it is, and so does a text
// in a language without a list: there are lists for English, German, French, Spanish, Italian
// and Dutch.
//
// Who asks politely means the same as who does not, but vectors of sentences, and shares of a
// text's words, take everything for meant.
func Gist(s, language string) string {
	if language = Tongue(s, language); language == "" {
		language = Guess(s)
	}
	language = LanguagePart(language)
	p, known := courtesies[language]
	if !known {
		return s
	}
	g := gist{p, byLanguage[language].stop}
	var out []string
	said, closed := false, false // anything; good-bye, since when nothing else was
	names := strings.ContainsFunc(s, unicode.IsLower)
	before := byte('\n')
	for _, c := range clauses(s) {
		begins := before
		before = c[len(c)-1]
		words := wordsIn(c)
		switch {
		case len(words) == 0:
			if len(out) > 0 && !closed {
				out = append(out, c)
			}
			continue
		case closed && names && (begins == '\n' || begins == ',') && g.named(words, true):
			closed = false // who wrote it, and nobody else
			continue
		case g.courtesy(words, names):
			closed = g.any(words, p.closes)
			continue
		}
		closed, said = false, said || g.content(words)
		out = append(out, g.shortened(c, words))
	}
	if !said {
		return s
	}
	return strings.TrimSpace(strings.Join(out, ""))
}

// Denies reports whether a text holds a word that turns another, as "not" does; language is the one
// its sender names. It knows the languages of Gist.
func Denies(s, language string) bool {
	if language = Tongue(s, language); language == "" {
		language = Guess(s)
	}
	nots := courtesies[LanguagePart(language)].nots
	return slices.ContainsFunc(wordsIn(s), func(w worded) bool { return nots[strings.ReplaceAll(w.word, "'", "")] })
}

// gist tells what a language's words are worth.
type gist struct {
	polite
	stop map[string]bool
}

// worded is a word of a clause: as it is compared, as it is written, and where.
type worded struct {
	word, surface string
	from, to      int
}

// wordsIn returns the words of a clause.
func wordsIn(c string) (out []worded) {
	from := -1
	end := func(to int) {
		if from >= 0 {
			surface := strings.TrimFunc(c[from:to], joins)
			if surface != "" {
				out = append(out, worded{withoutMarks.Replace(strings.ToLower(surface)), surface, from, to})
			}
			from = -1
		}
	}
	for i, r := range c {
		switch in := unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) || joins(r); {
		case in && from < 0:
			from = i
		case !in:
			end(i)
		}
	}
	end(len(c))
	return out
}

// clauses cuts a text after its lines and behind its marks of punctuation; together they are
// the text.
func clauses(s string) (out []string) {
	from := 0
	for i, r := range s {
		cut := false
		switch r {
		case '\n', '!', '?', ';', '…', '(', ')', '¡', '¿':
			cut = true
		case '.', ',', ':':
			next, _ := utf8.DecodeRuneInString(s[i+1:])
			cut = i+1 == len(s) || unicode.IsSpace(next)
		}
		if cut {
			to := i + utf8.RuneLen(r)
			out, from = append(out, s[from:to]), to
		}
	}
	if from < len(s) {
		out = append(out, s[from:])
	}
	return out
}

// empty reports whether a word says nothing by itself.
func (g *gist) empty(word string) bool {
	return g.stop[word] || g.marks[word] || g.fills[word] || g.wishes[word]
}

// content reports whether some words say anything.
func (g *gist) content(words []worded) bool {
	for _, w := range words {
		if !g.empty(w.word) {
			return true
		}
	}
	return false
}

func (g *gist) any(words []worded, of map[string]bool) bool {
	for _, w := range words {
		if of[w.word] {
			return true
		}
	}
	return false
}

// courtesy reports whether a clause is nothing else; a greeting by name is one where names can
// be told from words by their capitals.
func (g *gist) courtesy(words []worded, names bool) bool {
	if names && g.opens[words[0].word] && g.named(words[1:], false) {
		return true
	}
	return g.any(words, g.marks) && !g.content(words) && !g.any(words, g.nots)
}

// greeted is how many words a name beside a greeting, or under a letter, has at most.
const greeted = 4

// named reports whether words may be a name: few, without digits, and written with a capital
// where they are not empty. An empty one is, where it is not to be all.
func (g *gist) named(words []worded, all bool) bool {
	if len(words) > greeted {
		return false
	}
	for _, w := range words {
		first, _ := utf8.DecodeRuneInString(w.surface)
		if strings.ContainsFunc(w.surface, unicode.IsDigit) || g.nots[w.word] || all && g.stop[w.word] {
			return false
		}
		if !unicode.IsUpper(first) && (all || !g.empty(w.word)) {
			return false
		}
	}
	return true
}

// shortened is a clause without what is put before and behind what it says.
func (g *gist) shortened(c string, words []worded) string {
	if !g.content(words) {
		return c
	}
	begin := 0 // the first word that is left
	for i, w := range words {
		if !g.empty(w.word) || g.nots[w.word] {
			break
		}
		if g.marks[w.word] || g.wishes[w.word] {
			begin = i + 1
		}
	}
	end := len(words)
	for i := len(words) - 1; i > begin; i-- {
		w := words[i].word
		if !g.empty(w) || g.nots[w] {
			break
		}
		if g.marks[w] {
			end = i
		}
	}
	// What stands before the first word and behind the last one does still.
	return c[:words[0].from] + c[words[begin].from:words[end-1].to] + c[words[len(words)-1].to:]
}
