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
			"injured", "injury", "hospital", "electric shock", "electrical shock", "gave me a shock", "got a shock", "shocked me", "electrocuted",
			"caught fire", "catch fire", "on fire", "a fire", "small fire", "big fire", "fire in my", "fire in the", "set fire", "house fire", "kitchen fire", "fire brigade", "fire department", "firefighters",
			"fire broke out", "fire started", "burst into flames", "in flames", "flames", "alight", "burned", "burnt", "smoke", "sparks", "exploded", "explosion",
			"allergic reaction", "choking", "swallowed", "poisoned", "poisoning", "hurt", "bleeding", "scalded", "blisters", "rash",
			"cut my hand", "cut my finger", "cut my thumb", "cut my arm", "cut my leg", "cut my foot", "cut my face", "cut myself", "broken arm", "broken leg", "broken bone", "ambulance", "emergency room",
			"gas leak", "leaking gas", "smell gas", "smell of gas", "smells like gas", "gas smell", "brakes failed", "brake failure", "brakes fail",
			"plug melted", "melted plug", "cable melted", "melted cable", "reader melted", "terminal melted", "charger melted", "adapter melted", "battery melted", "socket melted", "housing melted", "case melted", "casing melted",
			"device melted", "wire melted", "screen melted", "melted reader", "melted charger", "melted adapter", "melted battery", "melted housing", "melted plastic", "plastic melted",
			"battery swelling", "battery bulging", "bulging battery", "battery puffed up", "battery expanded", "is bulging", "swollen",
			"battery leaks", "leaking battery", "battery acid", "leaking acid", "acid leaking", "battery fluid",
			"overheats", "too hot to touch", "too hot to hold", "gets extremely hot", "burning hot", "battery gets hot", "charger gets hot", "battery is hot", "charger is hot",
			"died", "passed away", "deceased", "funeral", "suicide", "suicidal", "harm myself", "hurt myself", "kill myself", "killing myself", "end my life", "take my own life", "kill you", "was killed by", "got killed",
			"fraud", "identity theft", "stolen card", "card stolen", "hacked", "data breach", "trading standards", "ombudsman", "small claims", "discrimination", "journalist", "newspaper",
			"consumer protection", "data protection", "gdpr", "personal data",
		}, "de": {
			"Anwalt", "Anwältin", "Rechtsanwalt", "verklagen", "Anzeige erstatten", "erstatte Anzeige", "Polizei", "Verbraucherschutz", "Verbraucherzentrale", "Datenschutz", "DSGVO",
			"verletzt", "Verletzung", "Krankenhaus", "Notarzt", "Stromschlag", "verbrannt", "Verbrennung", "Brandblasen", "verbrüht", "blutet", "vergiftet", "allergische Reaktion",
			"brennt", "in Brand", "Brand verursacht", "Brand ausgelöst", "einen Brand", "Feuer gefangen", "fängt Feuer", "Feuerwehr", "Flammen", "Rauch", "raucht", "qualmt", "Funken", "explodiert", "Gasgeruch", "riecht nach Gas", "verschmort", "riecht verbrannt",
			"Akku aufgebläht", "aufgeblähter Akku", "Akku bläht", "Akku geschwollen", "geschwollener Akku", "Batterie aufgebläht", "aufgeblähte Batterie", "Batterie geschwollen", "Akku gewölbt", "Akku ausgebeult", "Akku dick",
			"Batterie ausgelaufen", "ausgelaufene Batterie", "Batterie läuft aus", "Akku ausgelaufen", "ausgelaufener Akku", "Akku läuft aus", "Batteriesäure", "Säure ausgelaufen", "Säure läuft",
			"Gehäuse geschmolzen", "Stecker geschmolzen", "Kabel geschmolzen", "Ladegerät geschmolzen", "Netzteil geschmolzen", "Gerät geschmolzen", "Kartenleser geschmolzen", "Terminal geschmolzen", "Akku geschmolzen", "Kunststoff geschmolzen", "Plastik geschmolzen", "geschmolzener Stecker", "geschmolzenes Kabel", "geschmolzenes Gehäuse", "Gehäuse schmilzt", "Stecker schmilzt", "Kabel schmilzt", "überhitzt", "Überhitzung", "zu heiß zum Anfassen", "glühend heiß", "Akku heiß", "Akku wird heiß", "Gerät wird heiß", "wird extrem heiß",
			"gestorben", "verstorben", "Selbstmord", "Suizid", "umbringen", "Betrug", "gehackt",
		}, "fr": {
			"avocat", "porter plainte", "porte plainte", "tribunal", "police", "RGPD", "données personnelles", "blessé", "blessure", "hôpital", "électrocuté", "décharge électrique", "brûlé", "brûlure",
			"saigne", "empoisonné", "réaction allergique", "en feu", "pris feu", "prend feu", "prendre feu", "départ de feu", "mis le feu", "incendie", "pompiers", "flammes", "fumée", "étincelles", "explosé", "odeur de gaz", "sent le gaz", "odeur de brûlé",
			"batterie gonflée", "batterie gonfle", "batterie est gonflée", "batterie enflée", "batterie bombée", "pile gonflée", "batterie fuit", "batterie coule", "batterie qui fuit", "pile coule", "pile a coulé", "batterie a coulé", "fuite de batterie", "fuite d'acide", "acide coule", "acide de batterie",
			"boîtier fondu", "câble fondu", "prise fondue", "prise fondu", "chargeur fondu", "lecteur fondu", "terminal fondu", "appareil fondu", "batterie fondu", "plastique fondu", "surchauffe", "surchauffé", "trop chaud pour le toucher", "trop chaud pour être touché", "trop chaude au toucher", "brûlant au toucher", "batterie chauffe", "devient extrêmement chaud",
			"décédé", "suicide", "me suicider", "me tuer", "fraude", "piraté",
		}, "es": {
			"abogado", "abogada", "denuncia", "denunciar", "policía", "protección de datos", "herido", "herida", "hospital", "descarga eléctrica", "quemado", "quemadura", "sangra",
			"envenenado", "reacción alérgica", "en llamas", "salieron llamas", "prendió fuego", "prendido fuego", "incendio", "bomberos", "humo", "chispas", "explotó", "olor a gas", "huele a gas", "huele a quemado",
			"batería hinchada", "batería está hinchada", "batería se hincha", "batería se hinchó", "batería se ha hinchado", "batería inflada", "batería abombada", "pila hinchada", "batería pierde líquido", "batería gotea", "fuga de ácido", "fuga de la batería", "pierde ácido", "ácido de la batería",
			"cable derritió", "enchufe derritió", "cargador derritió", "lector derritió", "terminal derritió", "datáfono derritió", "aparato derritió", "plástico derritió", "carcasa derritió", "batería derritió", "lector derretido", "aparato derretido", "cable derretido", "enchufe derretido", "cargador derretido", "plástico derretido", "carcasa derretida", "se sobrecalienta", "sobrecalentamiento", "sobrecalentado", "demasiado caliente para tocar", "no se puede tocar de caliente", "batería se calienta", "se pone extremadamente caliente",
			"fallecido", "suicidio", "suicidarme", "matarme", "fraude", "estafa",
		}, "it": {
			"avvocato", "denuncia", "polizia", "dati personali", "ferito", "ferita", "ospedale", "scossa elettrica", "bruciato", "ustione", "sanguina", "avvelenato",
			"reazione allergica", "in fiamme", "preso fuoco", "prende fuoco", "prendere fuoco", "andato a fuoco", "incendio", "pompieri", "vigili del fuoco", "fumo", "scintille", "esploso", "odore di gas", "puzza di gas", "puzza di bruciato",
			"batteria gonfia", "batteria è gonfia", "batteria gonfiata", "batteria si gonfia", "batteria si è gonfiata", "batteria rigonfia", "pila gonfia", "batteria perde liquido", "batteria perde acido", "perdita di acido", "perdita della batteria", "perde acido", "acido della batteria",
			"spina sciolta", "cavo sciolto", "caricatore sciolto", "lettore sciolto", "custodia sciolta", "lettore fuso", "terminale fuso", "POS fuso", "cavo fuso", "spina fusa", "caricatore fuso", "plastica fusa", "plastica sciolta", "si surriscalda", "surriscaldato", "surriscaldamento", "troppo caldo da toccare", "troppo calda da toccare", "batteria si scalda", "batteria scotta", "diventa estremamente caldo",
			"deceduto", "suicidio", "suicidarmi", "uccidermi", "frode", "truffa",
		}, "nl": {
			"advocaat", "aangifte", "politie", "persoonsgegevens", "de AVG", "onder AVG", "AVG verzoek", "AVG inzage", "AVG klacht", "gewond", "verwonding", "ziekenhuis", "elektrische schok", "verbrand", "brandwond", "bloedt", "vergiftigd",
			"allergische reactie", "in brand", "brand veroorzaakt", "brand ontstaan", "brandt", "brandweer", "brandlucht", "vlammen", "rook", "vonken", "ontploft", "gaslucht", "ruikt naar gas",
			"accu opgezwollen", "opgezwollen accu", "batterij opgezwollen", "opgezwollen batterij", "accu gezwollen", "gezwollen accu", "accu bol", "bolle accu", "accu staat bol", "batterij staat bol", "bolle batterij", "accu zwelt",
			"accu lekt", "batterij lekt", "lekkende accu", "lekkende batterij", "accu gelekt", "batterij gelekt", "accuzuur", "batterijzuur", "lekt zuur", "zuur lekt",
			"stekker gesmolten", "behuizing gesmolten", "lader gesmolten", "kabel gesmolten", "lezer gesmolten", "terminal gesmolten", "apparaat gesmolten", "accu gesmolten", "plastic gesmolten", "gesmolten stekker", "gesmolten kabel", "stekker smelt", "lader smelt", "behuizing smelt", "oververhit", "oververhitting", "te heet om aan te raken", "te warm om aan te raken", "gloeiend heet", "accu heet", "accu wordt heet", "lader wordt heet", "wordt extreem heet",
			"overleden", "zelfmoord", "zelfdoding", "fraude", "oplichting",
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
