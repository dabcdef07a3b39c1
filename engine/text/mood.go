package text

import (
	"strings"
	"unicode"
)

// Words of praise and complaint, and how much each says, by their stems: our own list, of
// what people write to a service desk. 1 is annoyance, 2 anger or distress.
const (
	moodBad = `annoy:1 annoying:1 bad:1 broken:0.3 cannot:0.2 complain:1 complaint:1 confused:0.5 damaged:0.4 delay:0.4
disappointed:1.2 disappointing:1.2 dissatisfied:1.5 fail:0.4 faulty:0.4 frustrated:1.3 frustrating:1.3 frustration:1.3
ignored:1.2 inconvenience:0.6 late:0.4 mess:1 missing:0.3 nonsense:1.3 poor:1 problem:0.2 rude:1.6 sad:0.8 slow:0.4
terrible:1.8 trouble:0.3 unacceptable:2 unhappy:1.2 unprofessional:1.6 upset:1.2 useless:1.7 waste:1.3 worse:0.8 wrong:0.4
absurd:1.5 abysmal:2 angry:2 appalling:2 atrocious:2 awful:1.8 cheated:2 crap:2 damn:1.5 desperate:1.5 disaster:1.6
disgrace:2 disgraceful:2 disgusted:2 disgusting:2 furious:2.2 garbage:2 hate:1.8 hell:1.3 horrendous:2 horrible:1.8
idiot:2 insult:1.8 joke:1 liar:2 lied:1.8 livid:2.2 lousy:1.5 outrage:2 outrageous:2 pathetic:2 ridiculous:1.8
robbed:2 rubbish:1.8 scam:2 scammer:2 shame:1.5 shameful:1.8 sick:1 shocking:1.6 stupid:1.8 thief:2 trash:1.8
fuck:3.2 bullshit:2.2 bastard:2.2 thieves:3.2 crook:3.2 criminal:1.8 worst:2 worthless:1.8 fed:0.6 sue:1.8 lawyer:1.5 solicitor:1.5 crying:1.6 nightmare:1.8 never:0.3 again:0.3 still:0.2`

	moodGood = `amazing:1.5 appreciate:1 awesome:1.5 brilliant:1.5 delighted:1.5 excellent:1.5 fantastic:1.5 fine:0.5 glad:1
good:0.7 grateful:1.2 great:1 happy:1 kind:0.6 kindly:0.6 love:1.2 lovely:1.2 nice:0.8 perfect:1.3 pleased:1
satisfied:1 smooth:0.7 solved:0.8 super:1 thank:0.8 thanks:0.8 wonderful:1.5 works:0.4`
)

var (
	moods     = moodList()
	negations = set("not no never dont doesnt didnt isnt wasnt cant couldnt wont wouldnt without hardly")
	boosters  = set("very so really extremely absolutely completely totally utterly incredibly beyond such")
)

func moodList() map[string]float64 {
	out := make(map[string]float64)
	take := func(list string, sign float64) {
		for entry := range strings.FieldsSeq(list) {
			word, weight, _ := strings.Cut(entry, ":")
			var w float64
			for i, part := range strings.Split(weight, ".") { // "1.2": no words of ours have more digits
				digit := float64(part[0] - '0')
				if i > 0 {
					digit /= 10
				}
				w += digit
			}
			out[rulesFor("en").stemmed(word)] = sign * w
		}
	}
	take(moodGood, 1)
	take(moodBad, -1)
	return out
}

const (
	// moodHalf is how much weight makes a mood of one half.
	moodHalf = 2
	// reach is how many words before one may turn it or strengthen it.
	reach = 3
)

// Mood returns how an English text sounds, from -1 (furious, in despair) over 0 to 1: by a
// list of words, turned by a "not" before them and strengthened by a "very", by capitals
// and by marks of exclamation. It counts signs and understands nothing: irony and quiet
// anger escape it. What is in no list is 0.
func Mood(s string) float64 {
	mood, _ := MoodOf(s)
	return mood
}

// MoodOf is Mood with the words that it is made of, as they are written, in their order.
func MoodOf(s string) (mood float64, because []string) {
	var sum float64
	words := strings.FieldsFunc(strings.ToValidUTF8(s, " "), func(r rune) bool { return !inWord(r) && !apostrophe(r) })
	plain := make([]string, len(words))
	stemming := rulesFor("en")
	for i, w := range words {
		plain[i] = strings.Map(func(r rune) rune {
			if apostrophe(r) {
				return -1
			}
			return unicode.ToLower(r)
		}, w)
	}
	for i, w := range plain {
		weight := moods[stemming.stemmed(w)]
		if weight == 0 {
			continue
		}
		for _, before := range plain[max(0, i-reach):i] {
			switch {
			case negations[before]:
				weight *= -0.5
			case boosters[before]:
				weight *= 1.5
			}
		}
		if len(words[i]) > 2 && strings.ToUpper(words[i]) == words[i] && strings.ToLower(words[i]) != words[i] {
			weight *= 1.5
		}
		sum += weight
		because = append(because, words[i])
	}
	if strings.Contains(s, "!!") || strings.Contains(s, "?!") {
		sum *= 1.3
	}
	return sum / (moodHalf + max(sum, -sum)), because
}
