package text

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestGuess(t *testing.T) {
	for text, want := range map[string]string{
		"Where is my parcel? It should have been here on Monday.":                "en",
		"I don’t know why the screen won't turn on":                              "en",
		"iPhone 15 Pro Max 256GB":                                                "en",
		"roll a six sided die":                                                   "en",
		"I need a table for 3 at 5pm at Andrea's under Wheeler":                  "en",
		"Der Akku lädt nicht":                                                    "de",
		"merci beaucoup":                                                         "fr",
		"Gdzie jest moja paczka? Miała przyjść w poniedziałek, a jej nie ma":     "",
		"Siparişim nerede? Bir haftadır bekliyorum ama hâlâ gelmedi, lütfen":     "",
		"Hol van a csomagom? Egy hete rendeltem meg, de még mindig nem érkezett": "",
		"refund":        "en",
		"":              "en",
		"404 !!! 12-34": "en",
		"Wo ist mein Paket? Es sollte am Montag hier sein.":                      "de",
		"Meine Waschmaschine läuft aus und ich weiß nicht, was ich tun soll":     "de",
		"Où est mon colis ? Il devait arriver lundi et je ne l'ai pas reçu.":     "fr",
		"¿Dónde está mi pedido? No lo he recibido todavía y necesito la factura": "es",
		"Dove si trova il mio pacco? Non è ancora arrivato, che cosa devo fare?": "it",
		"Onde está a minha encomenda? Ainda não chegou e eu preciso dela":        "pt",
		"Waar is mijn pakket? Het zou maandag aankomen maar ik heb het niet":     "nl",
		"Var är mitt paket? Det skulle komma på måndag men jag har inte fått":    "sv",
		"Где мой заказ? Я жду уже неделю":                                        "ru",
		"我的订单在哪里":                     "zh",
		"注文はどこですか":                    "ja",
		"한국어 문장입니다":                   "ko",
		"أين طلبي":                    "ar",
		"मेरा ऑर्डर कहाँ है":          "hi",
		"Πού είναι η παραγγελία μου;": "el",
		"Missä pakettini viipyy? Tilasin tuotteen viikko sitten eikä mitään kuulu vieläkään": "",
		"ជំរាបសួរ តើការបញ្ជាទិញរបស់ខ្ញុំនៅឯណា":                                               "",
	} {
		if got := Guess(text); got != want {
			t.Errorf("Guess(%q) = %q, want %q", text, got, want)
		}
	}
}

// TestGuessOfCutText holds that a text is read up to a length, wherever that falls.
func TestGuessOfCutText(t *testing.T) {
	for pad := range utf8.UTFMax {
		s := strings.Repeat(" ", pad) + strings.Repeat("Где мой заказ? ", 1000) + strings.Repeat("and it is not the one that we had ", 10_000)
		if got := Guess(s); got != "ru" {
			t.Errorf("padded by %d: Guess = %q, want ru", pad, got)
		}
	}
}

func TestTongue(t *testing.T) {
	for _, c := range []struct{ named, text, want string }{
		{"de", "cancel my order", "en"},
		{"de", "my lamp arrived broken", "en"},
		{"de", "Hello, my lamp arrived broken and I want my money back", "en"},
		{"de-AT", "where is the parcel that I ordered", "en"},
		{"en", "Meine Lampe ist kaputt und ich möchte mein Geld zurück", "de"},
		{"fr", "¿Dónde está mi pedido? No lo he recibido todavía", "es"},
		{"en", "Где мой заказ? Я жду уже неделю", "ru"},
		{"pl", "where is my parcel, it should have been here on Monday", "en"},
		// What its sender names stands where the text says little else.
		{"de", "Lampe defekt", "de"},
		{"de", "Game of Thrones Lampe kaputt", "de"},
		{"de", "Retoure", "de"},
		{"de", "Mein iPhone 15 Pro Max is on the way, wo ist es denn bitte", "de"},
		{"pl", "Gdzie jest moja paczka? Miała przyjść w poniedziałek, a jej nie ma", "pl"},
		{"uk", "Де моє замовлення? Я чекаю вже тиждень", "uk"},
		{"da", "Hvor er min pakke? Jeg har ikke fået den", "da"},
		{"nb", "Hvor er pakken min? Jeg har ikke fått den", "nb"},
		{"pt", "Onde está a minha encomenda? Ainda não chegou", "pt"},
		{"de", "", "de"},
		{"", "Meine Lampe ist kaputt und ich möchte mein Geld zurück", ""},
	} {
		if got := Tongue(c.text, c.named); got != c.want {
			t.Errorf("Tongue(%q, %q) = %q, want %q", c.text, c.named, got, c.want)
		}
	}
}

// TestCommonest holds the counts against asking each list of each word.
func TestCommonest(t *testing.T) {
	said := []string{"the", "don't", "dont", "die", "è", "l'ho", "lamp", "é", "over", "I", "não", "c’est", "isn't", "je", "x"}
	rapid.Check(t, func(t *rapid.T) {
		s := strings.Join(rapid.SliceOfN(rapid.SampledFrom(said), 0, 12).Draw(t, "words"), " ")
		words, found := commonest(s)
		want, all := make(map[string]int), 0
		for word := range wordsOf(s) {
			all++
			for _, language := range listed {
				if isStop(language, word) {
					want[language]++
				}
			}
		}
		for _, language := range listed {
			if found[language] != want[language] || words != all {
				t.Fatalf("%q has %d words and %v, want %d and %v", s, words, found, all, want)
			}
		}
	})
}
