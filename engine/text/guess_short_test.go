package text

import (
	"strings"
	"testing"
)

// short are texts of a few words, as people write to a desk or into a box, one a line.
var short = map[string]string{
	"en": `mi band strap broken
camera battery dead
pizza stone cracked
refund
broken on arrival
cancel order
track parcel
wrong size sent
radio has no sound
door handle loose
car charger broken
hat too small
la roche posay cream leaking
die cut machine jammed
size 10 per box
order arrived late
not working
video camera error 404
lost password
under counter light flickers
Le Creuset lid cracked
change delivery address
missing parts
invoice please
no confirmation mail
iPhone 15 Pro Max 256GB
my lamp hums
gift card code invalid
san diego store hours
El Paso branch phone number
De Longhi machine leaks
samsung tv remote
charger for nintendo switch
pasta maker stuck
used twice, torn
does it fit
double charged
password reset link expired
order stuck in customs
tomato plants arrived dry
my subscription
can't log in
store opening hours
tap drips
phone turns off by itself
warranty expired
motorbike will not start
speak to someone
flat tyre
key snapped in lock
garage door opener
battery pack for drone
porcelain sink chipped
piano stool wobbles
espresso machine makes no foam
tomato seeds
rug pad
mango wood table scratched
agenda 2026 notebook
panda plush torn`,
	"de": `Lampe defekt
mein Paket fehlt
Rechnung falsch
Paket nicht da
falsche Farbe geliefert
Bestellung stornieren
Geld zurück
Waschmaschine läuft aus
Akku lädt nicht
Passwort vergessen
Lieferung verspätet
Wasserkocher undicht
Gutschein funktioniert nicht
wo bleibt meine Ware
Drucker druckt nicht
Schraube fehlt
Größe umtauschen
zu klein
Kaffeemaschine tropft
Adresse ändern
mein Abo
kann mich nicht einloggen
Öffnungszeiten Laden
Wasserhahn tropft
Handy geht aus
Garantie abgelaufen
Motorrad springt nicht an
jemanden sprechen
Reifen platt
Schlüssel abgebrochen`,
	"fr": `mon colis
mon colis est perdu
commande annulée
lampe cassée
facture incorrecte
mauvaise taille
remboursement
mot de passe oublié
où est ma commande
livraison en retard
la machine fuit
écran noir
batterie ne charge pas
produit défectueux
changer d'adresse
colis abîmé
il manque une pièce
annuler ma commande
la bouilloire siffle
article endommagé
mon abonnement
je ne peux pas me connecter
horaires du magasin
le robinet goutte
mon téléphone s'éteint
garantie expirée
ma moto ne démarre pas
parler à quelqu'un
pneu crevé
clé cassée dans la serrure`,
	"es": `mi pedido
mi pedido no llega
mi pedido llegó roto
pedido equivocado
la lámpara parpadea
lampara rota
quiero devolver el producto
factura incorrecta
cancelar pedido
contraseña olvidada
mi nevera gotea
talla equivocada
reembolso
paquete perdido
cambiar dirección
falta una pieza
la batería no carga
producto defectuoso
mi cafetera pierde agua
entrega retrasada
no puedo entrar en mi cuenta
¿cuándo abren?
mi suscripción
horario de la tienda
mi hijo tiene fiebre
el grifo gotea
quisiera hablar con alguien
mi móvil se apaga solo
garantía caducada
mi moto no arranca`,
	"it": `il mio pacco
il mio ordine
pacco smarrito
lampada rotta
fattura sbagliata
annullare ordine
taglia sbagliata
rimborso
password dimenticata
la macchina perde acqua
consegna in ritardo
schermo nero
la batteria non si carica
prodotto difettoso
cambiare indirizzo
manca un pezzo
ordine mai arrivato
il bollitore fischia
voglio restituire tutto
articolo danneggiato
il mio abbonamento
non riesco ad accedere
orari del negozio
il rubinetto gocciola
il telefono si spegne
garanzia scaduta
la moto non parte
parlare con qualcuno
gomma bucata
chiave rotta`,
	"pt": `minha encomenda
meu pedido
encomenda perdida
fatura errada
cancelar encomenda
tamanho errado
reembolso não recebido
senha esquecida
a máquina vaza água
entrega atrasada
tela preta
a bateria não carrega
produto com defeito
mudar endereço
falta uma peça
quero devolver o produto
luminária quebrada
meu pacote sumiu
a chaleira não liga
artigo danificado
minha assinatura
não consigo entrar
horário da loja
a torneira pinga
meu celular desliga sozinho
garantia expirada
a moto não pega
falar com alguém
pneu furado
chave quebrada`,
	"nl": `mijn pakket
mijn bestelling
pakket kwijt
lamp kapot
verkeerde factuur
bestelling annuleren
verkeerde maat
geld terug
wachtwoord vergeten
het apparaat lekt
levering te laat
zwart scherm
batterij laadt niet
product defect ontvangen
adres wijzigen
onderdeel ontbreekt
waar is mijn bestelling
waterkoker fluit
ik wil ruilen
niet goed geld terug
mijn abonnement
ik kan niet inloggen
openingstijden winkel
de kraan druppelt
mijn telefoon valt uit
garantie verlopen
de motor start niet
iemand spreken
lekke band
sleutel afgebroken`,
	"sv": `mitt paket
min beställning
paketet är borta
lampan är trasig
fel faktura
avbryta beställning
fel storlek
pengarna tillbaka
glömt lösenord
maskinen läcker
försenad leverans
svart skärm
batteriet laddar inte
ändra adress
en del saknas
var är min order
vattenkokaren visslar
jag vill byta
varan är skadad
beställningen har inte kommit
min prenumeration
kan inte logga in
butikens öppettider
kranen droppar
min telefon stängs av
garantin har gått ut
motorcykeln startar inte
tala med någon
punktering
nyckeln gick av`,
	"da": `min pakke
min bestilling mangler
pakken er væk
lampen er i stykker
forkert faktura
annullere ordre
forkert størrelse
pengene tilbage
glemt adgangskode
maskinen lækker
forsinket levering
sort skærm
batteriet lader ikke
ændre adresse
der mangler en del
hvor er min ordre
jeg vil bytte
varen er beskadiget
elkedlen fløjter
bestillingen er ikke kommet
mit abonnement
kan ikke logge ind
butikkens åbningstider
vandhanen drypper
min telefon slukker
garantien er udløbet
motorcyklen starter ikke
tale med nogen
dækket er fladt
nøglen knækkede`,
	"no": `pakken min
bestillingen min mangler
pakken er borte
lampen er ødelagt
feil faktura
avbestille ordre
feil størrelse
pengene tilbake
glemt passord
maskinen lekker
forsinket levering
svart skjerm
batteriet lader ikke
endre adresse
det mangler en del
hvor er ordren min
jeg vil bytte
varen er skadet
vannkokeren plystrer
bestillingen har ikke kommet`,
}

// Texts of a few words are told by few of them: of each language most, and of English ones all,
// for which other texts without a word that tells are taken. Danish, Norwegian and Swedish are near
// one another.
func TestGuessOfShortTexts(t *testing.T) {
	for _, language := range listed {
		var wrong []string
		lines := strings.Split(short[language], "\n")
		for _, line := range lines {
			if got := Guess(line); got != language && !(northern[got] && northern[language]) {
				wrong = append(wrong, line+": "+got)
			}
		}
		if language == "en" && len(wrong) > 0 || 5*len(wrong) > len(lines) {
			t.Errorf("%s: %d of %d are guessed wrongly: %q", language, len(wrong), len(lines), wrong)
		}
	}
}

// A word that tells is none of English, nor one of the ambiguous.
func TestTellingWords(t *testing.T) {
	for language, words := range telling {
		for word := range words {
			if isStop("en", word) || unsure[word] || fold(word) != word {
				t.Errorf("%s: %q tells nothing", language, word)
			}
		}
	}
}
