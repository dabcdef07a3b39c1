package text

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestLetter(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "my lamp is dark", "my lamp is dark"},
		{"a sign of less than", "voltage < 5 and > 3, 1<2", "voltage < 5 and > 3, 1<2"},
		{"tags", "<p>my lamp <b>arrived</b> broken</p><br><div style=\"color:red\">Please help&nbsp;me</div>", "my lamp arrived broken\nPlease help me"},
		{"lines of HTML", "<div>my lamp\nis dark</div><div>-- </div><div>Ann, Head of Lamps</div>", "my lamp is dark\n"},
		{"a style", "<html><head><style>p { color: red }</style></head><body><p>dark</p></body></html>", "dark"},
		{"quoted below", "It is still dark.\n\nOn Mon, 3 Mar 2025 at 10:02, The Shop <help@shop.example> wrote:\n> Did you try the switch?\n> Kind regards", "It is still dark."},
		{"quoted between", "On 3 March The Shop wrote:\n> Did you try the switch?\nYes, twice.\n> And the bulb?\nIt is new.", "Yes, twice.\nIt is new."},
		{"all that follows", "Still dark.\r\nOn Mon, 3 Mar 2025 at 10:02, The Shop, your friends of light\r\n<help@shop.example> wrote:\r\nDid you try the switch?", "Still dark."},
		{"German", "Geht immer noch nicht.\n\nAm 3. März 2025 schrieb Der Laden:\n> Haben Sie es versucht?", "Geht immer noch nicht."},
		{"French", "Toujours rien.\nLe lun. 3 mars 2025 à 10:02, La Boutique a écrit :\n> Bonjour", "Toujours rien."},
		{"handed on", "it is dark again\n-----Original Message-----\nFrom: Ann\nmy lamp is dark", "it is dark again"},
		{"headed", "no, it is not\n\nFrom: The Shop <help@shop.example>\nSent: Monday\nTo: Ann\nSubject: your lamp\n\nText", "no, it is not"},
		{"what is handed on", "See below.\n\n---------- Forwarded message ---------\nFrom: Ann <ann@example.com>\nDate: Mon, 3 Mar\nSubject: Fwd: dark lamp\nTo: <help@shop.example>\n\nmy lamp is dark\n\n> old words\n-- \nAnn", "dark lamp\nmy lamp is dark"},
		{"handed on in HTML", "<div dir=\"ltr\">FYI</div><br><div class=\"gmail_quote\"><div>---------- Forwarded message ---------<br>From: Ann<br>Date: Mon<br>Subject: lamp<br></div><div>it is dark</div></div>", "lamp\nit is dark"},
		{"handed on politely", "Hi,\nplease help.\nThanks\n---------- Forwarded message ---------\nFrom: Ann\nSubject: lamp\n\nit is dark", "lamp\nit is dark"},
		{"pointed at", "Hi, please see my mail below, thanks\nOn 3 March Ann wrote:\n> my lamp is dark\n> and cold", "my lamp is dark\nand cold"},
		{"handed on in German", "Siehe unten\n\nVon: Anna\nGesendet: Montag\nAn: Laden\nBetreff: Lampe\n\nSie flackert", "Lampe\nSie flackert"},
		{"handed on with words", "her lamp is loud, too\n---------- Forwarded message ---------\nFrom: Ann\nDate: Mon\n\nmy lamp is dark", "her lamp is loud, too"},
		{"thanks for an answer", "Thanks!\nOn 3 March The Shop wrote:\n> Did you try the switch?", "Thanks!"},
		{"only handed on", "-----Original Message-----\nFrom: Ann\nmy lamp is dark", "-----Original Message-----\nFrom: Ann\nmy lamp is dark"},
		{"a telephone", "my lamp is dark\n\nSent from my iPhone", "my lamp is dark"},
		{"signed", "my lamp is dark\n-- \nAnn Miller\nHead of Lamps", "my lamp is dark"},
		{"of mail programs", "<div dir=\"ltr\">Still dark.</div><br><div class=\"gmail_quote\"><div>On Mon, The Shop wrote:<br></div><blockquote>Did you try the switch?</blockquote></div>", "Still dark."},
		{"nothing but a quote", "<blockquote>my lamp is dark</blockquote>", "my lamp is dark"},
		{"no history", "From: where do I get a bulb?\nOn it stands: 5 W", "From: where do I get a bulb?\nOn it stands: 5 W"},
		{"what is not seen", "my law\u200byer and my so\u00adli\u00adci\u00adtor\ufeff", "my lawyer and my solicitor"},
		{"what is not seen, in HTML", "<p>my law&#8203;yer &zwnj;&shy;called</p>", "my lawyer called"},
		{"wide letters", "ｍｙ ｌａｍｐ", "my lamp"},
		{"one picture of several", "👩‍🔧 came", "👩‍🔧 came"},
		{"above the line", "thanks\n##- Please type your reply above this line -##\nYour ticket", "thanks"},
	} {
		if got := Letter(c.in); got != strings.TrimSpace(c.want) {
			t.Errorf("%s: %q becomes %q, want %q", c.name, c.in, got, c.want)
		}
	}
}

// TestLetterKeepsSomething holds that something is left of what has words, that no line is made up,
// and that what has neither tags nor lines stays as it is.
func TestLetterKeepsSomething(t *testing.T) {
	parts := []string{"my lamp is dark", "\n", "\n", "> quoted", "-- ", "On 3 March Ann wrote:", "From: Ann", "Sent: today", "Sent from my iPhone", " ", "1 < 2", "<p>", "</p>", "<br>", "<blockquote>", "</blockquote>", "-----Original Message-----"}
	rapid.Check(t, func(t *rapid.T) {
		s := strings.Join(rapid.SliceOf(rapid.SampledFrom(parts)).Draw(t, "parts"), "")
		once := Letter(s)
		if strings.Contains(s, "lamp") && once == "" {
			t.Fatalf("nothing is left of %q", s)
		}
		if !looksHTML(s) && !strings.ContainsAny(s, "\n>") && once != strings.TrimSpace(s) {
			t.Fatalf("%q becomes %q", s, once)
		}
		for _, line := range strings.Split(once, "\n") {
			if line != "" && !strings.Contains(strings.ReplaceAll(strings.ReplaceAll(s, "\n", " "), "<", " <"), strings.Fields(line)[0]) {
				t.Fatalf("%q of %q stands nowhere", line, s)
			}
		}
		_ = Letter(rapid.String().Draw(t, "anything"))
	})
}

// TestLetterOpensFewInsideOfEachOther: what is handed on and on is opened mostHanded times, since
// each is read again by itself.
func TestLetterOpensFewInsideOfEachOther(t *testing.T) {
	level := func(n int) string {
		return strings.Repeat("fyi\n---- Forwarded message\n", n) + "my lamp is dark"
	}
	if got := Letter(level(mostHanded)); got != "my lamp is dark" {
		t.Errorf("of %d letters inside of each other %q is read", mostHanded, got)
	}
	// A letter for each of ten thousand levels would take half a minute.
	if got := Letter(level(10_000)); got == "my lamp is dark" {
		t.Errorf("ten thousand letters inside of each other are all opened")
	}
}
