package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/rapportengine/rapport/cmd/rapport/sampleshop"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/engine/text"
)

// The form of the made-up desk.
const (
	vocabulary  = 60_000 // words that no dictionary has: names, parts, codes
	flatTop     = 20     // a word's frequency falls as (rank + flatTop)^-fall, after Zipf and Mandelbrot
	fall        = 1.05
	fixesOfOne  = 50 // solutions of a topic, in the mean
	topicWords  = 24 // invented words that belong to a topic, beside
	topicPlain  = 12 // words of the sample shop that do
	topical     = 0.2
	rare        = 0.15 // share of words with a meaning that are any of the vocabulary
	bodyWords   = 120  // of a solution, in the median
	bodySpread  = 0.4  // sigma of their logarithm
	fixProducts = 20   // solutions a product, in the mean
	owned       = 6    // products that a customer bought
	general     = 0.4  // share of the solutions that are for every product
)

// desk is a service desk that never was. Its texts follow the words of the sample shop's
// articles and tickets, one after the other as they do there, and in the place of some stand
// words of the topic and of a long tail.
type desk struct {
	fixes    []engine.Item
	products []engine.Item
	speech   *speech
	topics   []topic
	ofTopic  [][]int // solutions
	rng      *rand.Rand
}

type topic struct{ words []string }

// invent makes a desk of so many solutions; the same seed makes the same one.
func invent(fixes int, seed uint64) (*desk, error) {
	s, err := listen()
	if err != nil {
		return nil, err
	}
	d := &desk{speech: s, rng: rand.New(rand.NewPCG(seed, 0x73756767))}
	s.coin(d.rng)
	d.topics = make([]topic, max(1, fixes/fixesOfOne))
	d.ofTopic = make([][]int, len(d.topics))
	for i := range d.topics {
		for range topicWords {
			d.topics[i].words = append(d.topics[i].words, s.tail[d.rng.IntN(len(s.tail))])
		}
		for range topicPlain {
			d.topics[i].words = append(d.topics[i].words, s.plain[d.rng.IntN(len(s.plain))])
		}
	}
	d.products = make([]engine.Item, max(owned, fixes/fixProducts))
	for i := range d.products {
		d.products[i] = engine.Item{
			ID: engine.ItemID("P-" + strconv.Itoa(1000+i)), Kind: engine.Product, Language: "en",
			Title: s.tail[d.rng.IntN(len(s.tail))] + " " + s.plain[d.rng.IntN(len(s.plain))],
		}
	}
	d.fixes = make([]engine.Item, fixes)
	for i := range d.fixes {
		d.fixes[i] = d.fix(i)
	}
	return d, nil
}

// fix writes a solution.
func (d *desk) fix(i int) engine.Item {
	at := min(d.rng.IntN(len(d.topics)), d.rng.IntN(len(d.topics))) // some topics have many
	d.ofTopic[at] = append(d.ofTopic[at], i)
	t := &d.topics[at]
	it := engine.Item{
		ID: engine.ItemID("fix-" + strconv.Itoa(i)), Kind: engine.Solution, Language: "en",
		Title:      d.say(t, 4+d.rng.IntN(5), 0.5),
		Text:       d.say(t, int(bodyWords*math.Exp(bodySpread*d.rng.NormFloat64())), topical),
		Categories: []string{"help/area-" + strconv.Itoa(at%40)},
		Attributes: engine.Attributes{"written_for": []string{"customers", "agents", "both"}[d.rng.IntN(3)]},
	}
	if d.rng.Float64() >= general {
		for range 1 + d.rng.IntN(3) {
			it.AppliesTo = append(it.AppliesTo, d.products[d.rng.IntN(len(d.products))].ID)
		}
	}
	return it
}

// ask writes a ticket about a topic: the words it begins with, as far as fits lets it.
func (d *desk) ask(about int, fits func(words []string) bool) string {
	w := writer{desk: d, topic: &d.topics[about], share: topical}
	var words []string
	for {
		words = append(words, w.next())
		if !fits(words) {
			return join(words[:len(words)-1])
		}
	}
}

// say writes so many words; of those with a meaning, the share in is of the topic.
func (d *desk) say(t *topic, words int, in float64) string {
	w := writer{desk: d, topic: t, share: in}
	out := make([]string, words)
	for i := range out {
		out[i] = w.next()
	}
	return join(out)
}

// writer writes one text.
type writer struct {
	*desk
	topic *topic
	share float64 // of its words among those with a meaning
	last  string  // as the sample shop has it
}

func (w *writer) next() string {
	w.last = w.speech.next(w.rng, w.last)
	if !w.speech.means[w.last] {
		return w.last
	}
	switch u := w.rng.Float64(); {
	case u < w.share:
		return w.topic.words[w.rng.IntN(len(w.topic.words))]
	case u < w.share+rare:
		return w.speech.rare(w.rng)
	}
	return w.last
}

// speech is how people write.
type speech struct {
	follows map[string][]string // as often as they do; of "" what texts begin with
	means   map[string]bool     // words that say what a text is about
	plain   []string            // those, each once
	tail    []string            // invented ones, the most frequent first
	shares  []float64           // of the tail, cumulated
}

// listen reads the articles and tickets of the sample shop.
func listen() (*speech, error) {
	s := &speech{follows: make(map[string][]string), means: make(map[string]bool)}
	hear := func(said string) {
		before := ""
		for _, word := range strings.Fields(said) {
			s.follows[before] = append(s.follows[before], word)
			if !s.means[word] && len(text.Tokens(word, "en")) > 0 {
				s.means[word] = true
				s.plain = append(s.plain, strings.Trim(word, ".,;:?!\"()"))
			}
			before = word
		}
	}
	articles, err := sampleshop.Open("articles.ndjson")
	if err != nil {
		return nil, err
	}
	defer articles.Close()
	for entry, err := range record.Items(articles, record.Options{}) {
		if err != nil {
			return nil, err
		}
		hear(entry.Value.Text)
	}
	tickets, err := sampleshop.Open("tickets.ndjson")
	if err != nil {
		return nil, err
	}
	defer tickets.Close()
	for entry, err := range record.Tickets(tickets, record.Options{}) {
		if err != nil {
			return nil, err
		}
		for _, m := range entry.Value.Messages {
			hear(m.Text)
		}
	}
	slices.Sort(s.plain)
	s.plain = slices.DeleteFunc(slices.Compact(s.plain), func(w string) bool { return w == "" })
	return s, nil
}

var syllables = strings.Fields("ba be bo ca co da de do fa fi ga go ka ki la le li lo ma me mi mo na ne no pa pe po ra re ri ro sa se si so ta te ti to va ve vo za zo tron lux mat bel nor den gar ver pol sil")

// coin makes up the tail: three words in four are syllables, the others codes.
func (s *speech) coin(rng *rand.Rand) {
	seen := make(map[string]bool)
	var sum float64
	for len(s.tail) < vocabulary {
		var word string
		for range 2 + rng.IntN(3) {
			word += syllables[rng.IntN(len(syllables))]
		}
		if rng.IntN(4) == 0 {
			word = strings.ToUpper(word[:2]) + "-" + strconv.Itoa(100+rng.IntN(9900))
		}
		if seen[word] {
			continue
		}
		seen[word] = true
		s.tail = append(s.tail, word)
		sum += math.Pow(float64(len(s.tail)+flatTop), -fall)
		s.shares = append(s.shares, sum)
	}
}

// rare draws a word of the tail.
func (s *speech) rare(rng *rand.Rand) string {
	at, _ := slices.BinarySearch(s.shares, rng.Float64()*s.shares[len(s.shares)-1])
	return s.tail[at]
}

// next draws what follows a word.
func (s *speech) next(rng *rand.Rand, word string) string {
	after := s.follows[word]
	if len(after) == 0 {
		after = s.follows[""]
	}
	return after[rng.IntN(len(after))]
}

func join(words []string) string { return strings.Join(words, " ") }
