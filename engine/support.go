package engine

import "maps"

// Support are the shop's limits of stepping back from a ticket: when the first fix is good
// enough to be sent, and when a person takes over.
type Support struct {
	// AnswerFrom is the least chance of the first fix to be sent, EscalateBelow the least one
	// to ask on: 0 <= EscalateBelow <= AnswerFrom <= 1.
	AnswerFrom    float64 `json:"answer_from"`
	EscalateBelow float64 `json:"escalate_below"`
	// EscalateAfter so many fixes that failed on a ticket a person takes over; 0 for never.
	EscalateAfter int `json:"escalate_after"`
	// MoodBelow is the mood, from -1 (furious) to 1, under which a person takes over; -1
	// hands none over for it.
	MoodBelow float64 `json:"mood_below"`
	// Sensitive are words and phrases that go to a person, by language (the language part of
	// BCP 47, lower case): in any inflection, in texts of that language or of none we can
	// tell. Those of AnyLanguage are looked for in every text.
	Sensitive map[string][]string `json:"sensitive_topics"`
}

// AnyLanguage stands for the language of words that are looked for in every text, as they
// are written.
const AnyLanguage = "*"

// DefaultSupport returns limits for a shop that has not thought about them: every second
// ask is likelier right than wrong, and what a machine should keep its hands off is the law, fire,
// injuries, deaths, fraud and the press.
func DefaultSupport() Support {
	return Support{
		AnswerFrom: 0.6, EscalateBelow: 0.3, EscalateAfter: 2, MoodBelow: -0.6,
		Sensitive: map[string][]string{"en": {
			"lawyer", "solicitor", "attorney", "legal action", "sue", "sued", "suing", "court", "police",
			"injured", "injury", "hospital", "electric shock", "caught fire", "on fire", "burned", "burnt", "allergic reaction", "choking",
			"swallowed", "poisoned", "poisoning", "hurt", "bleeding", "scalded", "rash", "cut my hand", "cut my finger", "ambulance", "emergency room",
			"smoke", "sparks", "burst into flames", "exploded", "explosion", "gave me a shock", "electrocuted", "gas leak",
			"plug melted", "melted plug", "cable melted", "melted cable",
			"alight", "blisters", "broken arm", "broken leg", "broken bone", "smell gas", "smell of gas", "brakes failed",
			"died", "passed away", "deceased", "funeral", "suicide", "harm myself", "kill myself", "end my life",
			"fraud", "identity theft", "stolen card", "hacked", "data breach", "trading standards", "ombudsman", "small claims", "discrimination", "journalist", "newspaper",
			"consumer protection", "data protection", "gdpr", "my personal data",
		}, "de": {
			"Anwalt", "Anwältin", "Rechtsanwalt", "verklagen", "Anzeige erstatten", "Polizei", "Verbraucherschutz", "Verbraucherzentrale", "Datenschutz", "DSGVO",
			"verletzt", "Verletzung", "Krankenhaus", "Notarzt", "Stromschlag", "verbrannt", "Verbrennung", "Brandblasen", "verbrüht", "blutet", "vergiftet", "allergische Reaktion",
			"brennt", "in Brand", "Feuer gefangen", "Flammen", "Rauch", "Funken", "explodiert", "Gasgeruch", "gestorben", "verstorben", "Selbstmord", "umbringen", "Betrug", "gehackt",
		}, "fr": {
			"avocat", "porter plainte", "tribunal", "police", "RGPD", "données personnelles", "blessé", "blessure", "hôpital", "électrocuté", "décharge électrique", "brûlé", "brûlure",
			"saigne", "empoisonné", "réaction allergique", "en feu", "pris feu", "flammes", "fumée", "étincelles", "explosé", "odeur de gaz", "décédé", "suicide", "fraude", "piraté",
		}, "es": {
			"abogado", "abogada", "denuncia", "denunciar", "policía", "protección de datos", "herido", "herida", "hospital", "descarga eléctrica", "quemado", "quemadura", "sangra",
			"envenenado", "reacción alérgica", "en llamas", "prendió fuego", "incendio", "humo", "chispas", "explotó", "olor a gas", "fallecido", "suicidio", "fraude", "estafa",
		}, "it": {
			"avvocato", "denuncia", "polizia", "dati personali", "ferito", "ferita", "ospedale", "scossa elettrica", "bruciato", "ustione", "sanguina", "avvelenato",
			"reazione allergica", "in fiamme", "preso fuoco", "incendio", "fumo", "scintille", "esploso", "odore di gas", "deceduto", "suicidio", "frode", "truffa",
		}, "nl": {
			"advocaat", "aangifte", "politie", "persoonsgegevens", "AVG", "gewond", "verwonding", "ziekenhuis", "elektrische schok", "verbrand", "brandwond", "bloedt", "vergiftigd",
			"allergische reactie", "in brand", "vlammen", "rook", "vonken", "ontploft", "gaslucht", "overleden", "zelfmoord", "fraude", "oplichting",
		}},
	}
}

// Desk returns the limits in force: those that were set, else the default ones. The caller
// owns them.
func (s Settings) Desk() Support {
	if s.Support == nil {
		return DefaultSupport()
	}
	desk := *s.Support
	desk.Sensitive = maps.Clone(desk.Sensitive)
	return desk
}
