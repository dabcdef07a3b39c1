package text

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestTokens(t *testing.T) {
	for _, c := range []struct{ text, language, want string }{
		{"My lamps' batteries were replaced, and they're still flickering!", "en", "lamp batteri replac still flicker"},
		{"E-404 error on the T-Light holder's lamps, 85123A", "", "e404 404 error tlight light holder lamp 85123a"},
		{"Wi-Fi 6 router, 3,5 mm jack, firmware v2.0.1, part_no_77", "", "wifi wi fi 6 router 3.5 mm jack firmwar v2.0.1 partno77 part"},
		{"It isn't the U.S.A.; the children's café: crème brûlée", "", "usa children cafe creme brule"},
		{"no space.after full stop, red/white heart-shaped", "", "space full stop red white heartshap heart shape"},
		{"L'ampoule est cassée, qu'en dites-vous ?", "fr", "ampoul cass ditesvous dit"},
		{"Die Türen für größere Geräte und Straßen", "de-AT", "tur gross gerat strass"},
		{"Лампы не горят", "ru", "ламп не гор"},
		{"quelque chose d'inconnu", "xx", "quelque chose inconnu"},
		{"a I 5 ! -- ''", "", "5"},
		{"", "en", ""},
	} {
		if got := strings.Join(Tokens(c.text, c.language), " "); got != c.want {
			t.Errorf("Tokens(%q, %q) = %q, want %q", c.text, c.language, got, c.want)
		}
	}
}

func TestTokensMeet(t *testing.T) {
	for _, c := range []struct{ a, b string }{
		{"e-404", "E404"},
		{"WI-FI", "wifi"},
		{"T-light", "t-lights"},
		{"café", "CAFE"},
		{"lamp’s", "lamps"},
		{"cafe\u0301", "caf\u00e9"},
	} {
		a, b := Tokens(c.a, "en"), Tokens(c.b, "en")
		if !slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) }) {
			t.Errorf("%q gives %q and %q gives %q: want a term in common", c.a, a, c.b, b)
		}
	}
}

func TestWordsKeepTheWriting(t *testing.T) {
	got := Words("Broken LAMPS!", "en")
	want := []Word{{"broken", "Broken"}, {"lamp", "LAMPS"}}
	if !slices.Equal(got, want) {
		t.Errorf("Words = %v, want %v", got, want)
	}
}

func TestPlain(t *testing.T) {
	for _, c := range []struct{ format, text, want string }{
		{FormatPlain, "a <b> &amp;\n c", "a <b> &amp; c"},
		{"", "*a*", "*a*"},
		{FormatHTML, "<p>One &amp; two<br>three<script>var x</script> <b>un</b>do &lt;b&gt;</p><style>a{}</style>a < b", "One & two three undo <b> a < b"},
		{FormatHTML, "<noscript>no</noscript><svg><title>x</title></svg>yes</p></div>", "yes"},
		{FormatHTML, "<p>open", "open"},
		{FormatMarkdown, "# Title\n\n* item **bold**, _em_, snake_case, ~~old~~", "Title item bold, em, snake_case, old"},
		{FormatMarkdown, "[link](http://x.y/z \"t\") ![img](a.png) [![x](y)](z) <https://z.z> [r][1]\n\n[1]: http://foo", "link img x r"},
		{FormatMarkdown, "> quote\n```go\ncode()\n```\n---\n2 < 3 & <b>html</b>", "quote code() 2 < 3 & html"},
	} {
		if got := Plain(c.text, c.format); got != c.want {
			t.Errorf("Plain(%q, %q) = %q, want %q", c.text, c.format, got, c.want)
		}
	}
}

// languages are all with rules and one without.
func languages() []string {
	out := []string{"", "xx"}
	for l := range byLanguage {
		out = append(out, l)
	}
	return out
}

func FuzzTokens(f *testing.F) {
	f.Add("The lamp's T-Light isn't 85123A, café", "en")
	f.Fuzz(func(t *testing.T, s, language string) {
		for _, l := range append(languages(), language) {
			words := Words(s, l)
			for _, w := range words {
				switch {
				case w.Term == "" || len(w.Term) > maxTermBytes || !utf8.ValidString(w.Term):
					t.Fatalf("Words(%q, %q) has the term %q", s, l, w.Term)
				case isTag(w.Term):
					t.Fatalf("Words(%q, %q) has the word %q, which looks like a tag", s, l, w.Term)
				case w.Surface == "":
					t.Fatalf("Words(%q, %q): term %q was written as nothing", s, l, w.Term)
				}
			}
			if again := Words(s, l); !slices.Equal(words, again) {
				t.Fatalf("Words(%q, %q) = %q, then %q", s, l, words, again)
			}
		}
	})
}

func FuzzPlain(f *testing.F) {
	f.Add("<p>a<br>b", FormatHTML)
	f.Add("# a [b](c)", FormatMarkdown)
	f.Fuzz(func(t *testing.T, s, format string) {
		for _, form := range []string{format, FormatHTML, FormatMarkdown} {
			got := Plain(s, form)
			if got != strings.Join(strings.Fields(got), " ") {
				t.Fatalf("Plain(%q, %q) = %q: want single spaces", s, form, got)
			}
			Tokens(got, "")
		}
	})
}

func TestIsCode(t *testing.T) {
	for _, c := range []struct {
		term string
		want bool
	}{
		{"e21", true},
		{"e-21", true},
		{"p0420", true},
		{"err7", true},
		{"b17", true},
		{"", false},
		{"e", false},
		{"21", false},
		{"e-", false},
		{"30km", false},
		{"2fa", false},
		{"b2b", false},
		{"ab12345678", false},
		{"code7", false},
		{"e--7", false},
		{"é7", false},
	} {
		if got := IsCode(c.term); got != c.want {
			t.Errorf("%q: %v", c.term, got)
		}
	}
}

// TestClusters holds where words begin and end against a search rune by rune.
func TestClusters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOfN(rapid.SampledFrom([]rune("aZ9é漢-_.,'’ !\u0301\n")), 0, 30, -1).Draw(t, "text")
		if rapid.Bool().Draw(t, "broken") {
			s = s[:len(s)/2] + "\xff\xc3" + s[len(s)/2:]
		}
		var got, want [][2]int
		eachCluster(s, func(from, to int, letters bool) {
			got = append(got, [2]int{from, to})
			if run := s[from:to]; letters && (strings.ContainsFunc(run, joins) || strings.ContainsFunc(run, unicode.IsDigit)) {
				t.Errorf("%q is said to be letters", run)
			}
		})
		for at := 0; at < len(s); {
			start := strings.IndexFunc(s[at:], inWord)
			if start < 0 {
				break
			}
			at += start
			want = append(want, [2]int{at, at + clusterEnd(s[at:])})
			at = want[len(want)-1][1]
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%q has %v, want %v", s, got, want)
		}
	})
}
