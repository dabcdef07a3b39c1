package text

import (
	"slices"
	"strings"
)

// Words that tell the language of a text of a few words, where the commonest ones of a language
// are seldom met: what people write to desks about. They are our own, and none is an English word.
const (
	tellGerman = `abo adresse akku anfrage angekommen anmelden anmeldung anschrift artikel batterie bekommen benötige beschädigt bestellen
bestellnummer bestellt bestellung bezahlen bezahlt bleibt brauche daten defekt drucker erhalten ersatzteil erstattung falsch
falsche falschen falscher falsches farbe fehlen fehlende fehler fehlermeldung fehlt flackert frage funktioniert garantie
gekommen geld geliefert gerissen gerät geräte große größe gutschein gutschrift hilfe jemand jemanden kabel kaffeemaschine
kaputt kennwort klein kommt konto kunde kunden kundendienst kühlschrank kündigen kündigung lampe leuchtet lieferadresse
liefern lieferung lieferzeit lädt läuft mahnung paket passwort probleme päckchen quietscht rabatt rechnung retoure
rückerstattung rückgabe rücksendung schlüssel schraube schwierigkeiten sendung sicherheit sprechen spülmaschine stecker
stornieren störung suche telefon tropft umtausch umtauschen undicht unterstützung verbessern verbindung vergessen verspätet
verspätung wann ware warte waschmaschine wasser wasserkocher widerruf zahlung zerbrochen zurück zurückgeben zwischen ändern
öffnungszeiten`

	tellFrench = `abonnement abîmé abîmée adresse aide allume annulation annuler annulé annulée argent arrivée attends batterie besoin
bouilloire cadeau cafetière cassé cassée changer chargeur clignote clé colis commande commandé compte demande défaut
défectueuse défectueux délai endommagé endommagée erreur facture fonctionne frigo fuit fuite garantie horaires jamais lampe
livraison livrer livré livrée magasin manquant manquante manque marche mauvais mauvaise modifier noire oublié oubliée panier
panne parler passe perdu perdue prise problème produit remboursement rembourser remboursé retard retourner reçu reçue siffle taille
toujours vaisselle veux voudrais échange échanger écran éteint`

	tellSpanish = `agua alguien anular apaga artículo averiado ayuda batería cafetera cambiar cambio cancelar cargador compra comprar compré
contraseña cuenta cuándo dañada dañado defectuosa defectuoso descuento devolución devolver dinero dirección enciende entrega
entregado enviado enviar envío equivocada equivocado estropeado factura falta faltan funciona garantía gotea hablar horario
horno incorrecta incorrecto lavadora llave llega llegado llegó lámpara móvil necesito negra negro nevera nunca olvidada
olvidado olvidé pantalla paquete parpadea pedido pedidos perdida perdido pierde pieza piezas problema producto quiero quisiera
recibido recibí reembolso regalo retrasada retrasado retraso rota rotas roto rotos suscripción talla tarjeta teléfono tienda
todavía`

	tellItalian = `abbonamento accende acqua acquisto aiuto annullare arrivata arrivato articolo batteria bisogno bollitore cambiare carica
caricatore chiave comprato consegna consegnato danneggiata danneggiato difettosa difettoso dimenticata dimenticato errore
fattura forno frigorifero funziona garanzia gocciola guasto indirizzo lampada lampeggia lavatrice macchina mai manca mancano
negozio orari ordinato ordine ordini pacco parlare perde pezzi pezzo posso problema prodotto qualcuno regalo restituire
ricevuto rimborso ritardo rotta rotti rotto sbagliata sbagliato schermo sconto smarrita smarrito soldi spedito spedizione
spegne taglia telefono voglio vorrei`

	tellPortuguese = `ajuda alguém artigo assinatura atrasada atrasado atraso bateria cancelar carrega carregador cartão celular chaleira chave
chega chegou compra comprei conta danificada danificado defeito defeituoso desconto desliga devolução devolver dinheiro ecrã
encomenda encomendas endereço entrega entregue enviar envio errada errado erro esqueceu esqueci esquecida falar falta faltam
fatura frigorífico funciona garantia geladeira horário loja luminária lâmpada morada mudar máquina nunca pacote pedido perdida
perdido peça peças pinga pisca preciso preta preto problema produto quebrada quebrado quero recebi recebido reembolso senha
sumiu tamanho tela telefone troca trocar vaza água`

	tellDutch = `aangekomen abonnement adres annuleren apparaat artikel batterij beschadigd besteld bestellen bestelling betaald bezorgd
bezorging cadeaubon factuur fout garantie gebroken geld geleverd groot hulp iemand kabel kapot klein kleur knippert koelkast
korting kwijt laadt lekkage lekt levering maat nooit omruilen onderdeel onderdelen ontbreekt ontvangen openingstijden opladen
oplader pakket pakketje probleem rekening retourneren ruilen scherm sleutel spreken stekker telefoon terug terugbetaling
terugsturen veranderen vergeten verkeerd verkeerde vertraagd vertraging vraag waar wachtwoord wanneer wasmachine waterkoker
werkt wijzigen winkel zwart`

	tellSwedish = `adress artikel avbeställa avbryta batteri batteriet behöver beställa beställning beställningen beställt blinkar borta butik
butiken byta faktura fel fråga fungerar fått försenad förstörd garanti glömt hjälp kommer kommit kylskåp laddar laddare lampa
lampan leverans levererad läcker lösenord maskin maskinen nyckel nyckeln någon paket paketet pengar pengarna prenumeration
presentkort rabatt returnera saknar saknas skadad skadat skärm sladd storlek svart sönder tala telefon tillbaka trasig trasigt
tvättmaskin varan vattenkokare vattenkokaren vill ändra återbetalning öppettider`

	tellDanish = `abonnement adgangskode adresse annullere batteri batteriet beskadiget bestilling bestillingen bestilt blinker butikken bytte
elkedel elkedlen faktura fejl forkert forsinket fået garanti garantien gavekort glemt hjælp kommet køleskab lader lampe lampen
ledning leveret levering lækker mangler maskine maskinen nogen nøgle nøglen oplader ordre ordren pakke pakken penge pengene
refusion returnere skærm spørgsmål stykker størrelse telefon tilbage varen vaskemaskine virker væk åbningstider ændre ødelagt`

	// ambiguous are words of the lists that are English words or parts of names, too.
	ambiguous = `ad ai al algo all als also alt am an andre as at au bare ben bin buenos can car che chez chi ciao com come comment como contra
da dan de del den des di dia die dies dig din dina dit do doe dog don door dos dove e ed el ella elle en encore end er era es
est eu fare favor font for ge ha had ham han hans har has hat have hay he hem her here him hoe i il im in inn io is ist ja jo
la las le les los ma man me med meg men met mi min mine most mot nas ne ni no non nu nun o of oh on ons os over par per plus
pour prima sang se sedan sin sit ska so son sue sur ta tack tag tan tar ten than that the then they til till to todo toe ton
tot tout u un under uno van var vers wa want war was we wear wil will y ya yo`

	tellNorwegian = `abonnement adresse avbestille batteri batteriet bestilling bestillingen bestilt blinker borte butikken bytte endre faktura
feil forsinket fungerer fått garanti garantien gavekort glemt hjelp kjøleskap knust kommet lader lampe lampen ledning lekker
levering levert mangler maskin maskinen noen nøkkel nøkkelen ordre ordren pakke pakken passord pengene penger refusjon
returnere skadet skjerm spørsmål størrelse svart telefon tilbake vannkoker vannkokeren varen vaskemaskin virker åpningstider
ødelagt`
)

// telling are the words of the lists that say for themselves which language a text is in, without
// accents: people leave them out.
var telling = func() map[string]map[string]bool {
	out := make(map[string]map[string]bool, len(listed))
	for language, words := range map[string]string{
		"de": tellGerman, "fr": tellFrench, "es": tellSpanish, "it": tellItalian, "pt": tellPortuguese,
		"nl": tellDutch, "sv": tellSwedish, "da": tellDanish, "no": tellNorwegian,
	} {
		out[language] = set(fold(words))
	}
	return out
}()

// unsure are the ambiguous words.
var unsure = set(ambiguous)

// endings are those of words of seven letters or more that only one language has, without accents.
var endings = map[string][]string{
	"de": {"dung", "gung", "dheit", "inheit", "kheit", "lheit", "rheit", "keit", "lung", "nung", "rung", "schaft", "tung", "ungen", "zung"},
	"es": {"cion", "ciones"},
	"it": {"zione", "zioni"},
	"pt": {"cao", "coes"},
	"nl": {"heid", "lijk"},
}

// tells reports whether a word in lower case says for itself that a text is in a language.
func tells(language, word string) bool {
	if stop := byLanguage[language].stop; stop[word] && !unsure[word] {
		return true
	}
	plain := fold(word)
	if telling[language][plain] {
		return true
	}
	return len(plain) >= 7 && slices.ContainsFunc(endings[language], func(end string) bool { return strings.HasSuffix(plain, end) })
}
