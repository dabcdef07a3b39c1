package text

// Words that say nothing about what a text is about: articles, pronouns, auxiliaries,
// prepositions, and the courtesies tickets begin and end with. The lists are short and
// our own; idf takes care of the rest. Words that tell fixes apart stay in: off, out,
// back, without.
const (
	stopEnglish = `a on up about after all also am an and any are arent as at be because been before being both but by
can cant cannot could couldnt did didnt do does doesnt doing dont each either else ever few for from further get
gets getting got had hadnt has hasnt have havent having he her here hers him his how however i id if ill im in
into is isnt it its itself ive just let like me might more most much must my myself no nor of only or other our
ours own please rather really same she should shouldnt since so some such than thank thanks that thats the their
theirs them then there these they theyre this those though through to too us very want was wasnt we well were
werent weve what when where which while who whom whose why will with wont would wouldnt yes yet you youd youre
your yours youve hello hi hey dear regards kind sincerely anyone something anything someone am`

	stopGerman = `aber alle allem allen aller alles als also am an ander andere anderen auch auf aus bei beim bin
bis bist da damit dann das dass dein deine dem den denn der des die dies diese diesem diesen dieser dieses doch
dort du durch ein eine einem einen einer eines er es etwas euch euer für gegen gewesen hab habe haben hat hatte
hatten hier hin ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im in indem ins ist ja jede jedem jeden jeder jedes
jetzt kann kein keine keinen man mein meine meinem meinen meiner mich mir mit muss nach noch nun nur ob oder
sehr sein seine seinem seinen seiner selbst sich sie sind so solche soll sollte sondern um und uns unser unsere
unter vom von vor war waren warum was weil welche welcher wenn wer werde werden wie wieder will wir wird wo
wollen worden wurde würde zu zum zur über bitte danke hallo guten tag grüße freundliche`

	stopFrench = `à ai ait alors après as au aucun aussi autre aux avait avant avec avez avoir avons bien bonjour
ça car ce ceci cela ces cet cette ceux chez ci comme comment dans de depuis des doit donc du elle elles en
encore entre est et était étaient être eu eux fait faire fois font ici il ils je la le les leur leurs lui ma
mais me même merci mes moi mon ne ni nos notre nous on ont ou où par parce pas peu peut plait plus pour
pourquoi quand que quel quelle quelles quels qui quoi sa se sera ses si son sont sur ta te tes toi ton tous
tout toute toutes très tu un une va vers vos votre vous y été suis`

	stopSpanish = `a al algo alguna alguno algunos ante antes aquel aquí así aunque bien buenas buenos cada como
con contra cual cuando de del desde días donde dos e el él ella ellas ellos en entre era eran es esa esas ese
eso esos esta está están estaba este esto estos fue fueron gracias ha había han hasta hay he hola la las le les
lo los más me mi mis mucho muy ni nos nosotros nuestra nuestro o otra otro para pero poco por porque puede
puedo que qué quien se ser si sí sido sin sobre son soy su sus también tan tanto te tengo tiene todo todos tu
tus un una uno unos usted y ya yo favor`

	stopItalian = `a ad agli ai al alla alle allo anche ancora avere aveva c che chi ci ciao come con cosa così da
dagli dai dal dalla dalle dallo degli dei del della delle dello di dopo dove e è ed era erano essere fa fare
fra gli grazie ha hanno ho i il in io la le lei li lo loro lui ma me mi mia mie miei mio molto ne negli nei nel
nella nelle nello noi non nostra nostro o ogni per perché però più poi può prima qual quale quando quella quelle
quelli quello questa queste questi questo qui se sei si sia sono sta su sua sue sugli sui sul sulla suo suoi
tra tu tua tuo tutti tutto un una uno vi voi buongiorno favore`

	stopPortuguese = `a à ainda ao aos aquela aquele aquilo as às até bom com como da das de dela dele depois do
dos e é ela elas ele eles em entre era eram essa esse esta está estão este eu foi foram há isso isto já lhe
mais mas me mesmo meu meus minha minhas muito na nas não nem no nos nós nossa nosso num numa o obrigada
obrigado olá os ou para pela pelas pelo pelos por porque pode posso quais qual quando que quem se sem ser será
seu seus só sobre sua suas também te tem tenho ter teu tua tudo um uma umas uns você vocês favor dia`

	stopDutch = `aan al alles als altijd andere ben bij daar dan dat de der deze die dit doch doen door dus een en
er ge geen geweest haar had heb hebben heeft hem het hier hij hoe hun iemand iets ik in is ja je kan kon kunnen
maar me meer men met mij mijn moet na naar niets nog nu of om omdat ons ook over reeds te tegen toch toen tot u
uit uw van veel voor want waren was wat we wel werd wezen wie wij wil worden wordt zal ze zei zelf zich zij
zijn zo zou hallo bedankt alstublieft graag dag`

	stopSwedish = `alla allt att av bara blev bli blir de dem den denna deras dess det detta dig din dina ditt du
där då efter ej eller en er ett från för ha hade han hans har hej henne hennes hon honom hur här i icke inom
jag ju kan kunde man med mellan men mig min mina mitt mot mycket ni nu när någon något några och om oss på
samma sedan sig sin sina sitt ska skulle som så sådan till tack under upp ut utan vad var vara varför vars vart
vem vi vid vilken är åt över`

	stopDanish = `ad af alle alt anden at blev blive bliver da de dem den denne der deres det dette dig din disse dog
du efter eller en end er et for fra ham han hans har havde have hej hende hendes her hos hun hvad hvis hvor i
ikke ind jeg jer jo kan kunne man mange med meget men mig min mine mit mod når nogle noget nu og også om op os
over på selv sig sin sine sit skal skulle som sådan tak thi til ud under var vi vil ville vor være været`

	stopNorwegian = `alle andre at av bare ble bli blir da de deg dem den denne der deres det dette din disse ditt du
eller en enn er et etter for fordi fra før ha hadde han hans har hei henne hennes her hos hun hva hvem hver hvis
hvor hvordan hvorfor i ikke inn ja jeg kan kom kunne man mange med meg men mens mer min mitt mot mye må når noe
noen nå og også om opp oss over på samme seg selv si sin sitt skal skulle slik som så takk til ut var ved vi vil
ville være vært vår`
)
